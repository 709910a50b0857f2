import type { Json } from "../json.ts";
import type { Language } from "./language.ts";
import { clangs, headers, sanitize } from "./linker.ts";
import { finishMain } from "./main_function.ts";
import { includePrelude, preparePrelude } from "./prelude.ts";

/** Not optimised: with templates, building takes longer than what such programs compute. */
const flags = ["-O0", "-w", "-std=gnu++17", "-pipe"];

/** Before the code, so that no macro of the code reaches it. */
const prelude = `#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>
#include <unistd.h>
namespace calque {
struct Json {
  enum { Null, Integer, Real, Text, List, Map } kind = Null;
  long long integer = 0;
  double real = 0;
  std::string text;
  std::vector<Json> list_;
  static Json of(long long n) { Json j; j.kind = Integer; j.integer = n; j.real = n; return j; }
  static Json of(double n) { Json j; j.kind = Real; j.real = n; j.integer = n; return j; }
  static Json of(std::string s) { Json j; j.kind = Text; j.text = std::move(s); return j; }
  static Json list(std::vector<Json> l) { Json j; j.kind = List; j.list_ = std::move(l); return j; }
  static Json map(std::vector<std::pair<Json, Json>> l) {
    Json j; j.kind = Map;
    for (auto &p : l) { j.list_.push_back(p.first); j.list_.push_back(p.second); }
    return j;
  }
};
template <class T> struct As;
template <class T> using Plain = std::remove_cv_t<std::remove_reference_t<T>>;
template <class T> Plain<T> as(const Json &j) { return As<Plain<T>>::from(j); }
template <class T> struct As {
  static T from(const Json &j) {
    if constexpr (std::is_floating_point_v<T>) return j.real;
    else if constexpr (std::is_same_v<T, char>) return j.kind == Json::Text && j.text.size() ? j.text[0] : (char)j.integer;
    else { static_assert(std::is_integral_v<T>, "no JSON stands for this type"); return (T)j.integer; }
  }
};
template <> struct As<std::string> { static std::string from(const Json &j) { return j.text; } };
template <> struct As<const char *> { static const char *from(const Json &j) { return (new std::string(j.text))->c_str(); } };
template <class C> struct Sequence {
  static C from(const Json &j) { C c; for (auto &e : j.list_) c.insert(c.end(), as<typename C::value_type>(e)); return c; }
};
template <class T> struct As<std::vector<T>> : Sequence<std::vector<T>> {};
template <class T> struct As<std::set<T>> : Sequence<std::set<T>> {};
template <class T> struct As<std::unordered_set<T>> : Sequence<std::unordered_set<T>> {};
template <class C> struct Table {
  static C from(const Json &j) {
    C c;
    for (size_t i = 0; i + 1 < j.list_.size(); i += 2) {
      Json k = j.list_[i];
      if (!std::is_same_v<typename C::key_type, std::string>) try { k = Json::of(std::stoll(k.text)); } catch (...) {}
      c[as<typename C::key_type>(k)] = as<typename C::mapped_type>(j.list_[i + 1]);
    }
    return c;
  }
};
template <class K, class V> struct As<std::map<K, V>> : Table<std::map<K, V>> {};
template <class K, class V> struct As<std::unordered_map<K, V>> : Table<std::unordered_map<K, V>> {};
template <class A, class B> struct As<std::pair<A, B>> {
  static std::pair<A, B> from(const Json &j) { return {as<A>(j.list_.at(0)), as<B>(j.list_.at(1))}; }
};
template <class T> struct As<std::optional<T>> {
  static std::optional<T> from(const Json &j) { if (j.kind == Json::Null) return {}; return as<T>(j); }
};
inline std::string quote(const std::string &s) {
  std::string out = "\\"";
  char code[8];
  for (unsigned char c : s)
    if (c < 32 || c == '"' || c == '\\\\') { snprintf(code, sizeof code, "\\\\u%04x", c); out += code; } else out += c;
  return out + "\\"";
}
inline std::string print(const std::string &s) { return quote(s); }
inline std::string print(const char *s) { return quote(s); }
inline std::string print(bool b) { return b ? "true" : "false"; }
inline std::string print(char c) { return quote(std::string(1, c)); }
template <class T> std::enable_if_t<std::is_integral_v<T>, std::string> print(T n) { return std::to_string(n); }
template <class T> std::enable_if_t<std::is_floating_point_v<T>, std::string> print(T n) {
  char text[40]; snprintf(text, sizeof text, "%.17g", (double)n); return text;
}
template <class A, class B> std::string print(const std::pair<A, B> &p);
template <class... T> std::string print(const std::tuple<T...> &t);
template <class T> std::string print(const std::optional<T> &o);
template <class C, class = typename C::const_iterator> std::string print(const C &c);
template <class C> std::string print_list(const C &c) {
  std::string out = "[";
  for (const auto &e : c) out += (out.size() > 1 ? "," : "") + print((const typename C::value_type &)e);
  return out + "]";
}
template <class C> std::string print_map(const C &c) {
  std::string out = "{";
  for (const auto &e : c) {
    std::string key = print(e.first);
    out += (out.size() > 1 ? "," : "") + (key[0] == '"' ? key : quote(key)) + ":" + print(e.second);
  }
  return out + "}";
}
template <class C, class = void> struct IsMap : std::false_type {};
template <class C> struct IsMap<C, std::void_t<typename C::mapped_type>> : std::true_type {};
template <class C, class> std::string print(const C &c) {
  if constexpr (IsMap<C>::value) return print_map(c); else return print_list(c);
}
template <class A, class B> std::string print(const std::pair<A, B> &p) { return "[" + print(p.first) + "," + print(p.second) + "]"; }
template <class... T> std::string print(const std::tuple<T...> &t) {
  std::string out;
  std::apply([&](const auto &...e) { ((out += (out.empty() ? "[" : ",") + print(e)), ...); }, t);
  return out + "]";
}
template <class T> std::string print(const std::optional<T> &o) { return o ? print(*o) : "null"; }
template <class R, class... A, size_t... I>
std::string apply(R (*f)(A...), const Json &given, std::index_sequence<I...>) {
  // Held by name: a parameter may be a reference that is not const.
  std::tuple<Plain<A>...> held{as<A>(given.list_.at(I))...};
  if constexpr (std::is_void_v<R>) { f((A)std::get<I>(held)...); return "null"; }
  else return print((const Plain<R> &)f((A)std::get<I>(held)...));
}
template <class R, class... A> void call(const char *mark, int at, R (*f)(A...), const Json &given) {
  std::string line;
  try { line = apply(f, given, std::index_sequence_for<A...>{}); }
  catch (const std::exception &e) { line = std::string("!") + e.what(); }
  catch (...) { line = "!an exception"; }
  line = std::string("\\n") + mark + " " + std::to_string(at) + " " + line + "\\n";
  for (size_t done = 0; done < line.size();) {
    ssize_t n = write(1, line.data() + done, line.size() - done);
    if (n <= 0) break;
    done += n;
  }
}
}`;

export const cpp: Language = {
  name: "cpp",
  package: "g++",
  spelling: "camelCase",
  comment: "//",
  source: "main.cpp",
  variants: ["g++", "clang++", "c++"].map((tool) => ({
    tools: [tool],
    version: ["{0}", "--version"],
    prepare: preparePrelude("c++", flags, prelude),
    compile: ["{0}", ...flags, ...includePrelude, "-o", "/work/program", "/work/{source}"],
    run: ["/work/program"],
    needs: { build: [...headers, ...(tool === "g++" ? [] : clangs)] },
  })),
  sanitize,
  hello: '#include <cstdio>\nint main() { puts("hello"); return 0; }',
  loose: { containers: true },
  call: ({ code, name, all, mark, first }) => ({
    stdin: `${mark} ${first}\n`,
    files: {
      "solution.cpp": code,
      "main.cpp": `#include "calque_prelude.h"
#define main calque_unused_main
#include "solution.cpp"
#undef main
int main() {
  char mark[32];
  int first;
  if (scanf("%31s %d", mark, &first) != 2) return 1;
  dprintf(1, "\\n%s ready\\n", mark);
  ${
        all.map((given, at) =>
          `if (first <= ${at}) calque::call(mark, ${at}, &${name}, ${value(given)});`
        ).join("\n  ")
      }
  fflush(0);
  _exit(0);
}
`,
    },
  }),
  // Of the compiler itself, for the program may include no header that declares it.
  finish: (program, nonce) => finishMain(program, `__builtin_printf("\\n${nonce}\\n");`),
};

/** A value as an expression of the harness's own JSON type; the code's signature says what it becomes. */
const value = (json: Json): string => {
  if (json === null) return "calque::Json()";
  if (typeof json === "boolean") return `calque::Json::of(${json ? 1 : 0}LL)`;
  if (typeof json === "string") {
    const bytes = new TextEncoder().encode(json);
    const text = [...bytes].map((byte) =>
      byte < 32 || byte > 126 || [34, 63, 92].includes(byte)
        ? `\\${byte.toString(8).padStart(3, "0")}`
        : String.fromCharCode(byte)
    ).join("");
    return `calque::Json::of(std::string("${text}", ${bytes.length}))`;
  }
  if (typeof json === "bigint" || Number.isSafeInteger(json)) {
    const n = BigInt(json as number | bigint);
    return n >= -(2n ** 63n) && n < 2n ** 63n
      ? `calque::Json::of(${n === -(2n ** 63n) ? "(-9223372036854775807LL - 1)" : `${n}LL`})`
      : `calque::Json::of((long long)${n}ULL)`;
  }
  if (typeof json === "number") {
    return `calque::Json::of(${/[.e]/i.test(String(json)) ? json : `${json}.0`})`;
  }
  if (Array.isArray(json)) {
    return `calque::Json::list({${json.map((each) => value(each as Json)).join(", ")}})`;
  }
  return `calque::Json::map({${
    Object.entries(json).map(([key, each]) => `{${value(key)}, ${value(each)}}`).join(", ")
  }})`;
};
