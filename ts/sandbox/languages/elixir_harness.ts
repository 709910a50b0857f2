import type { Json } from "../json.ts";
import type { Call, Called } from "./language.ts";

/** The script that compiles the code, finds the function in its modules, and prints what it returns as JSON. */
export const callElixir = ({ code, name, cases, mark, first }: Call): Called => ({
  files: {
    // A function by itself gets a module around it.
    "solution.exs": /^\s*defmodule\b/m.test(code) ? code : `defmodule Solution do\n${code}\nend\n`,
    "main.exs": `defmodule CalqueHarness do
  def say(mark, text), do: IO.binwrite("\\n" <> mark <> " " <> text <> "\\n")

  def print(value) when value in [nil, true, false], do: if(value == nil, do: "null", else: to_string(value))
  def print(value) when is_binary(value) do
    if String.valid?(value), do: "\\"" <> (for <<c::utf8 <- value>>, into: "", do: escaped(c)) <> "\\"", else: throw(:binary)
  end
  def print(value) when is_atom(value), do: print(Atom.to_string(value))
  def print(value) when is_integer(value) or is_float(value), do: to_string(value)
  def print(%MapSet{} = value), do: print(MapSet.to_list(value))
  def print(%_{} = value), do: print(Map.from_struct(value))
  def print(value) when is_list(value), do: "[" <> Enum.map_join(value, ",", &print/1) <> "]"
  def print(value) when is_tuple(value), do: print(Tuple.to_list(value))
  def print(value) when is_map(value) do
    "{" <> Enum.map_join(value, ",", fn {key, each} -> print(named(key)) <> ":" <> print(each) end) <> "}"
  end

  defp named(key) when is_binary(key), do: key
  defp named(key) when is_atom(key), do: Atom.to_string(key)
  defp named(key), do: print(key)

  defp escaped(c) when c < 32 or c in [?", ?\\\\], do: "\\\\u" <> String.pad_leading(Integer.to_string(c, 16), 4, "0")
  defp escaped(c), do: <<c::utf8>>
end

mark = "${mark}"
name = :${name}
cases = [
${cases.map((given) => `  [${given.map(literal).join(", ")}]`).join(",\n")}
]
arity = length(hd(cases))
module =
  Enum.find_value(Code.compile_file("/work/solution.exs"), fn {module, _} ->
    if function_exported?(module, name, arity), do: module
  end)
if module == nil do
  IO.puts(:stderr, "no public function #{name}/#{arity}")
  System.halt(1)
end
CalqueHarness.say(mark, "ready")
Enum.with_index(cases, fn given, offset ->
  told =
    try do
      CalqueHarness.print(apply(module, name, given))
    rescue
      error -> "!" <> String.replace(Exception.message(error), "\\n", " ")
    catch
      kind, reason -> "!" <> String.replace("#{kind}: #{inspect(reason)}", "\\n", " ")
    end
  CalqueHarness.say(mark, "#{offset + ${first}} " <> told)
end)
System.halt(0)
`,
  },
});

const literal = (value: Json): string => {
  if (value === null) return "nil";
  switch (typeof value) {
    case "boolean":
    case "bigint":
      return String(value);
    case "number":
      return Number.isInteger(value) && Math.abs(value) < 1e21
        ? String(value)
        : String(value).replace(/^(-?\d+)(e|$)/, "$1.0$2").replace("e+", "e");
    case "string":
      return `"${
        [...value.toWellFormed()].map((character) =>
          /[ !$-[\]-~]/.test(character)
            ? character
            : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
        ).join("")
      }"`;
  }
  if (Array.isArray(value)) return `[${value.map((each) => literal(each as Json)).join(", ")}]`;
  return `%{${
    Object.entries(value).map(([key, each]) => `${literal(key)} => ${literal(each)}`).join(", ")
  }}`;
};
