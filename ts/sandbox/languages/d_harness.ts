/** The module that reads arguments as the types of the function's parameters, and prints what it returns. */
export const dHarness = (name: string): string =>
  `module harness;
import solution;
import std.json, std.traits, std.conv, std.typecons, std.range.primitives;
import core.stdc.stdlib : exit;
static import std.stdio;

T calqueAs(T)(JSONValue given) {
  static if (is(T == JSONValue)) return given;
  else static if (is(T == Nullable!U, U)) return given.type == JSONType.null_ ? T.init : T(calqueAs!U(given));
  else static if (is(T == bool)) return given.boolean;
  else static if (isSomeChar!T) return cast(T) given.str.to!dstring[0];
  else static if (isIntegral!T) return given.type == JSONType.uinteger ? given.uinteger.to!T : given.integer.to!T;
  else static if (isFloatingPoint!T) return cast(T) (given.type == JSONType.float_ ? given.floating : given.integer);
  else static if (isSomeString!T) return given.str.to!T;
  else static if (isAssociativeArray!T) {
    T into;
    foreach (string key, JSONValue each; given.object) into[key.to!(KeyType!T)] = calqueAs!(ValueType!T)(each);
    return into;
  }
  else static if (isStaticArray!T) {
    T into;
    foreach (size_t at, JSONValue each; given.array) into[at] = calqueAs!(typeof(T.init[0]))(each);
    return into;
  }
  else static if (isDynamicArray!T) {
    Unqual!(typeof(T.init[0]))[] into;
    foreach (each; given.array) into ~= calqueAs!(Unqual!(typeof(T.init[0])))(each);
    return cast(T) into;
  }
  else static if (isTuple!T) {
    T into;
    static foreach (at; 0 .. T.Types.length) into[at] = calqueAs!(T.Types[at])(given.array[at]);
    return into;
  }
  else static assert(false, "no JSON stands for " ~ T.stringof);
}

string calquePrint(T)(T value) {
  static if (is(T == Nullable!U, U)) return value.isNull ? "null" : calquePrint(value.get);
  else static if (is(Unqual!T == bool)) return value ? "true" : "false";
  else static if (isSomeChar!T) return JSONValue(value.to!string).toString(JSONOptions.doNotEscapeSlashes);
  else static if (isIntegral!T) return value.to!string;
  else static if (isFloatingPoint!T) { import std.format : format; return format("%.17g", value); }
  else static if (isSomeString!T) return JSONValue(value.to!string).toString(JSONOptions.doNotEscapeSlashes);
  else static if (isAssociativeArray!T) {
    string text = "{";
    foreach (key, each; value) {
      auto named = calquePrint(key);
      text ~= (text.length > 1 ? "," : "") ~ (named[0] == '"' ? named : '"' ~ named ~ '"') ~ ":" ~ calquePrint(each);
    }
    return text ~ "}";
  }
  else static if (isTuple!T) {
    string text = "[";
    static foreach (at; 0 .. T.Types.length) text ~= (at > 0 ? "," : "") ~ calquePrint(value[at]);
    return text ~ "]";
  }
  else static if (isStaticArray!T || isInputRange!T || isArray!T) {
    string text = "[";
    foreach (each; value) text ~= (text.length > 1 ? "," : "") ~ calquePrint(each);
    return text ~ "]";
  }
  else static assert(false, "no JSON stands for " ~ T.stringof);
}

void main() {
  string text;
  foreach (line; std.stdio.stdin.byLine(Yes.keepTerminator)) text ~= line;
  auto asked = parseJSON(text);
  void say(string text) {
    std.stdio.stdout.write("\\n", asked["mark"].str, " ", text, "\\n");
    std.stdio.stdout.flush();
  }
  alias called = solution.${name};
  alias Given = Parameters!called;
  say("ready");
  auto at = asked["first"].integer;
  foreach (given; asked["cases"].array) {
    string told;
    try {
      if (given.array.length != Given.length) throw new Exception("expected " ~ Given.length.to!string ~ " arguments");
      Tuple!(staticMapUnqual!Given) arguments;
      static foreach (k; 0 .. Given.length) arguments[k] = calqueAs!(Unqual!(Given[k]))(given.array[k]);
      static if (is(ReturnType!called == void)) { called(arguments.expand); told = "null"; }
      else told = calquePrint(called(arguments.expand));
    } catch (Throwable error) told = "!" ~ JSONValue(error.msg).toString();
    say((at++).to!string ~ " " ~ told);
  }
  exit(0);
}

template staticMapUnqual(T...) {
  import std.meta : staticMap;
  alias staticMapUnqual = staticMap!(Unqual, T);
}
`;
