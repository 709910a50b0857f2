import type { Json } from "../json.ts";
import { append, type Language } from "./language.ts";

export const lua: Language = {
  name: "lua",
  package: "lua5.4",
  spelling: "snake_case",
  comment: "--",
  source: "main.lua",
  variants: ["lua5.4", "lua5.3", "lua"].map((tool) => ({
    tools: [tool],
    version: ["{0}", "-v"],
    run: ["{0}", "/work/{source}"],
    needs: { run: ["/usr/share/lua", "/usr/local/share/lua", "/usr/lib/*/liblua*"] },
  })),
  hello: 'print("hello")',
  syntaxError: /^lua[0-9.]*: (?!.*\n\s*stack traceback:\n\s*\[C\]: in function).*(near|expected)/,
  loose: { containers: true },
  call: ({ code, name, cases, mark, first }) => ({
    files: {
      "solution.lua": code,
      "main.lua": `local mark, name, first = "${mark}", "${name}", ${first}\n${harness}\n${
        cases.map((given) => `try(${given.length}, ${given.map(literal).join(", ") || "nil"})`)
          .join("\n")
      }\n`,
    },
  }),
  finish: append((nonce) => `;print("\\n${nonce}")`),
};

/** A value as Lua's own text; bytes that are not plain are escaped. */
const literal = (value: Json): string => {
  if (value === null) return "nil";
  if (typeof value === "string") return quote(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `{${value.map((each) => literal(each as Json)).join(", ")}}`;
  return `{${
    Object.entries(value).map(([key, each]) => `[${quote(key)}] = ${literal(each)}`).join(", ")
  }}`;
};

const quote = (text: string): string =>
  `"${
    [...new TextEncoder().encode(text)].map((byte) =>
      byte < 32 || byte > 126 || byte === 34 || byte === 92
        ? `\\${String(byte).padStart(3, "0")}`
        : String.fromCharCode(byte)
    ).join("")
  }"`;

const harness = `
local out, format, kind, keys, count = io.stdout, string.format, type, pairs, select
local join, floor, call, integer = table.concat, math.floor, pcall, math.type or function() end
local text, same, replace, byte = tostring, rawequal, string.gsub, string.byte
out:setvbuf("full")

local function say(line)
  out:write("\\n", mark, " ", line, "\\n")
  out:flush()
end

local function quote(s)
  return '"' .. replace(s, '[%c"\\\\]', function(c) return format("\\\\u%04x", byte(c)) end) .. '"'
end

local function print_json(value)
  local what = kind(value)
  if what == "nil" or what == "boolean" then return text(value) end
  if what == "string" then return quote(value) end
  if what == "number" then
    if integer(value) == "integer" then return format("%d", value) end
    if value ~= value or value == 1 / 0 or value == -1 / 0 then error("not finite") end
    return value == floor(value) and value > -1e15 and value < 1e15 and format("%.0f", value) or format("%.17g", value)
  end
  if what ~= "table" then error(what) end
  local length, parts = #value, {}
  local entries = 0
  for _ in keys(value) do entries = entries + 1 end
  if entries == length then
    for at = 1, length do parts[at] = print_json(value[at]) end
    return "[" .. join(parts, ",") .. "]"
  end
  for key, each in keys(value) do parts[#parts + 1] = quote(text(key)) .. ":" .. print_json(each) end
  return "{" .. join(parts, ",") .. "}"
end

local file = io.open("/work/solution.lua")
local code = file:read("a")
file:close()
local loader = load or loadstring
-- Behind the code, where a local function is still in sight; a chunk that ends in \`return\` has no behind.
local chunk = loader(code .. "\\n;return " .. name, "=solution.lua")
local target
if chunk then
  target = chunk()
else
  local fault
  chunk, fault = loader(code, "=solution.lua")
  if not chunk then io.stderr:write("lua: ", fault, "\\n") os.exit(1) end
  local result = chunk()
  target = kind(result) == "table" and result[name] or kind(result) == "function" and result or _G[name]
end
if target == nil then io.stderr:write("no function named ", name, "\\n") os.exit(1) end
say("ready")

local at = first
function try(length, ...)
  local done, result = call(target, ...)
  if done then
    local printed, line = call(print_json, result)
    say(at .. (printed and " " or " ?") .. replace(line, "\\n", " "))
  else
    say(at .. " !" .. replace(text(result), "\\n", " "))
  end
  at = at + 1
end
`;
