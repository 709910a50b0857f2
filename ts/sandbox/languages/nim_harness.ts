/** Reads arguments as the types of the procedure's parameters, and prints what it returns as JSON. */
export const nimHarness = (name: string, arity: number): string => {
  const types = Array.from({ length: arity }, (_, k) => `A${k}`);
  const given = types.map((type, k) => `calqueAs(given[${k}], ${type})`).join(", ");
  const parameters = types.map((type, k) => `a${k}: ${type}`).join("; ");
  const generic = [...types, "R"].join(", ");
  return `
import std/json as calqueJson
import std/tables as calqueTables
import std/sets as calqueSets
import std/options as calqueOptions
from std/strutils as calqueText import nil

proc calqueAs(j: JsonNode, T: typedesc): T =
  when T is char: j.getStr[0]
  elif T is SomeFloat: T(j.getFloat)
  else: j.to(T)

proc calquePrint[T](value: T): string
proc calqueJoin[T](each: T): string =
  result = "["
  for one in each:
    if result.len > 1: result.add ","
    result.add calquePrint(one)
  result.add "]"
proc calquePrint[T](value: T): string =
  when T is bool: (if value: "true" else: "false")
  elif T is SomeInteger: $value
  elif T is SomeFloat: $value
  elif T is string: calqueJson.escapeJson(value)
  elif T is char: calqueJson.escapeJson($value)
  elif T is Option: (if value.isSome: calquePrint(value.get) else: "null")
  elif T is seq or T is array or T is HashSet: calqueJoin(value)
  elif T is Table or T is OrderedTable or T is CountTable:
    var text = "{"
    for key, each in value.pairs:
      if text.len > 1: text.add ","
      let named = calquePrint(key)
      text.add (if named[0] == '"': named else: calqueJson.escapeJson(named))
      text.add ":"
      text.add calquePrint(each)
    text & "}"
  elif T is tuple:
    var text = "["
    for each in value.fields:
      if text.len > 1: text.add ","
      text.add calquePrint(each)
    text & "]"
  else: {.error: "no JSON stands for this type".}

proc calqueCall[${generic}](f: proc (${parameters}): R {.nimcall.}, given: JsonNode): string =
  calquePrint(f(${given}))

let calqueAsked = calqueJson.parseJson(stdin.readAll)
proc calqueSay(text: string) =
  stdout.write("\\n" & calqueAsked["mark"].getStr & " " & text & "\\n")
  stdout.flushFile
calqueSay "ready"
var calqueAt = calqueAsked["first"].getInt
for given in calqueAsked["cases"]:
  var told: string
  try:
    if given.len != ${arity}: raise newException(ValueError, "expected ${arity} arguments")
    told = calqueCall(${name}, given)
  except CatchableError, Defect:
    told = "!" & calqueText.replace(getCurrentExceptionMsg(), "\\n", " ")
  calqueSay $calqueAt & " " & told
  inc calqueAt
quit 0
`;
};
