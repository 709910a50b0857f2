import type { Json } from "../json.ts";
import type { Call, Called } from "./language.ts";

/**
 * The script that calls the function and prints JSON. R knows no scalars: a vector of one element prints as that element,
 * and stands for a list of one too.
 */
export const callR = ({ code, name, cases, mark, first }: Call): Called => ({
  files: {
    "solution.R": code,
    "main.R": `calque <- new.env()
calque$say <- function(text) { cat("\\n${mark} ", text, "\\n", sep = ""); flush(stdout()) }
calque$quote <- function(text) {
  points <- utf8ToInt(enc2utf8(text))
  if (length(points) == 1 && is.na(points)) stop("no text")
  paste0("\\"", paste0(vapply(points, function(c) if (c < 32 || c == 34 || c == 92) sprintf("\\\\u%04x", c) else intToUtf8(c), ""), collapse = ""), "\\"")
}
calque$one <- function(x) {
  if (is.na(x) && !is.nan(x)) "null"
  else if (is.logical(x)) { if (x) "true" else "false" }
  else if (is.character(x) || is.factor(x)) calque$quote(as.character(x))
  else if (is.numeric(x) && is.finite(x) && x == floor(x) && abs(x) < 2^53) sprintf("%.0f", x)
  else if (is.numeric(x)) sprintf("%.17g", x)
  else stop("no JSON")
}
calque$print <- function(x) {
  if (is.null(x)) "null"
  else if (is.function(x) || is.environment(x)) stop("no JSON")
  else if (!is.null(names(x)) && length(x) > 0)
    paste0("{", paste0(vapply(names(x), calque$quote, ""), ":", vapply(seq_along(x), function(at) calque$print(unname(x[[at]])), ""), collapse = ","), "}")
  else if (is.matrix(x)) paste0("[", paste0(vapply(seq_len(nrow(x)), function(at) calque$several(x[at, ]), ""), collapse = ","), "]")
  else if (is.list(x)) paste0("[", paste0(vapply(x, calque$print, ""), collapse = ","), "]")
  else if (length(x) == 1) calque$one(x)
  else calque$several(x)
}
calque$several <- function(x) paste0("[", paste0(vapply(x, calque$one, ""), collapse = ","), "]")
source("/work/solution.R")
if (!exists("${name}", mode = "function")) { message("no function named ${name}"); quit("no", 1) }
calque$say("ready")
calque$cases <- list(
${cases.map((given) => `  list(${given.map(literal).join(", ")})`).join(",\n")}
)
for (calque_at in seq_along(calque$cases)) {
  calque$told <- tryCatch(
    calque$print(do.call(${name}, calque$cases[[calque_at]])),
    error = function(problem) paste0("!", gsub("\\n", " ", conditionMessage(problem)))
  )
  calque$say(paste0(calque_at + ${first - 1}, " ", calque$told))
}
quit("no", 0)
`,
  },
});

const literal = (value: Json): string => {
  if (value === null) return "NULL";
  switch (typeof value) {
    case "boolean":
      return value ? "TRUE" : "FALSE";
    case "bigint":
    case "number":
      return String(value);
    case "string":
      return `"${
        [...value.toWellFormed()].map((character) =>
          /[ !#-[\]-~]/.test(character)
            ? character
            : `\\U{${(character.codePointAt(0) ?? 0).toString(16)}}`
        ).join("")
      }"`;
  }
  if (Array.isArray(value)) {
    const elements = value.map((each) => literal(each as Json)).join(", ");
    const kinds = new Set(value.map((each) => typeof each === "bigint" ? "number" : typeof each));
    return kinds.size > 1 || kinds.has("object") ? `list(${elements})` : `c(${elements})`;
  }
  return `list(${
    Object.entries(value).map(([key, each]) => `${literal(key)} = ${literal(each)}`).join(", ")
  })`;
};
