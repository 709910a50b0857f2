/** The class that finds the method by reflection, gives it arguments of its own types and prints what it returns. */
export const csharpHarness = (name: string): string => `
namespace CalqueHarness {
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Numerics;
using System.Reflection;
using System.Text;

static class Harness {
  const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
  static string[] lines;
  static int line;

  static object Next() {
    string text = lines[line++], rest = text.Substring(1);
    switch (text[0]) {
      case 't': return true;
      case 'f': return false;
      case 'i': return BigInteger.Parse(rest, CultureInfo.InvariantCulture);
      case 'd': return double.Parse(rest, CultureInfo.InvariantCulture);
      case 's': return Text(rest);
      case '[': {
        var list = new List<object>();
        for (int left = int.Parse(rest); left > 0; left--) list.Add(Next());
        return list;
      }
      case '{': {
        var map = new List<KeyValuePair<string, object>>();
        for (int left = int.Parse(rest); left > 0; left--) {
          var key = (string) Next();
          map.Add(new KeyValuePair<string, object>(key, Next()));
        }
        return map;
      }
      default: return null;
    }
  }

  static string Text(string hex) {
    var bytes = new byte[hex.Length / 2];
    for (int at = 0; at < bytes.Length; at++) bytes[at] = Convert.ToByte(hex.Substring(2 * at, 2), 16);
    return Encoding.UTF8.GetString(bytes);
  }

  // The type that a parameter's own type is, or is satisfied by: List<int> for IEnumerable<int>.
  static Type Made(Type to) {
    if (!to.IsInterface || !to.IsGenericType) return to;
    var given = to.GetGenericArguments();
    var simple = given.Length == 2 ? typeof(Dictionary<,>).MakeGenericType(given) : typeof(List<>).MakeGenericType(given);
    return to.IsAssignableFrom(simple) ? simple : typeof(HashSet<>).MakeGenericType(given);
  }

  static object As(object value, Type to) {
    if (Nullable.GetUnderlyingType(to) != null) return value == null ? null : As(value, Nullable.GetUnderlyingType(to));
    if (value == null) return null;
    if (value is BigInteger) {
      var n = (BigInteger) value;
      if (to == typeof(BigInteger)) return n;
      if (to == typeof(double)) return (double) n;
      if (to == typeof(float)) return (float) n;
      if (to == typeof(decimal)) return (decimal) n;
      if (to == typeof(object)) return n >= int.MinValue && n <= int.MaxValue ? (object) (int) n
        : n >= long.MinValue && n <= long.MaxValue ? (object) (long) n : n;
      return n < 0 ? Convert.ChangeType((long) n, to, CultureInfo.InvariantCulture)
        : Convert.ChangeType((ulong) n, to, CultureInfo.InvariantCulture);
    }
    if (value is double) return to == typeof(object) ? value : Convert.ChangeType(value, to, CultureInfo.InvariantCulture);
    if (value is string && to == typeof(char)) return ((string) value)[0];
    var list = value as List<object>;
    if (list != null) {
      if (to.IsArray) {
        var element = to.GetElementType();
        var array = Array.CreateInstance(element, list.Count);
        for (int at = 0; at < list.Count; at++) array.SetValue(As(list[at], element), at);
        return array;
      }
      if (to == typeof(object)) return list.Select(each => As(each, to)).ToList();
      var made = Made(to);
      var parts = made.IsGenericType ? made.GetGenericArguments() : new Type[] { typeof(object) };
      if (made.FullName.StartsWith("System.Tuple") || made.FullName.StartsWith("System.ValueTuple")) {
        return Activator.CreateInstance(made, list.Select((each, at) => As(each, parts[at])).ToArray());
      }
      var typed = Array.CreateInstance(parts[0], list.Count);
      for (int at = 0; at < list.Count; at++) typed.SetValue(As(list[at], parts[0]), at);
      return Activator.CreateInstance(made, new object[] { typed });
    }
    var pairs = value as List<KeyValuePair<string, object>>;
    if (pairs != null) {
      var made = to == typeof(object) ? typeof(Dictionary<string, object>) : Made(to);
      var parts = made.GetGenericArguments();
      var map = (IDictionary) Activator.CreateInstance(made);
      foreach (var pair in pairs) {
        object key = pair.Key;
        if (parts[0] != typeof(string) && parts[0] != typeof(char)) key = BigInteger.Parse(pair.Key, CultureInfo.InvariantCulture);
        map.Add(As(key, parts[0]), As(pair.Value, parts[1]));
      }
      return map;
    }
    return value;
  }

  static void Print(object value, StringBuilder into) {
    if (value == null) into.Append("null");
    else if (value is bool) into.Append((bool) value ? "true" : "false");
    else if (value is string || value is char) Quote(value.ToString(), into);
    else if (value is double) into.Append(((double) value).ToString("R", CultureInfo.InvariantCulture));
    else if (value is float) into.Append(((float) value).ToString("R", CultureInfo.InvariantCulture));
    else if (value is IDictionary) {
      var between = "{";
      foreach (DictionaryEntry each in (IDictionary) value) {
        into.Append(between);
        Quote(Convert.ToString(each.Key, CultureInfo.InvariantCulture), into);
        into.Append(':');
        Print(each.Value, into);
        between = ",";
      }
      into.Append(between == "{" ? "{}" : "}");
    } else if (value is IEnumerable) {
      var between = "[";
      foreach (var each in (IEnumerable) value) { into.Append(between); Print(each, into); between = ","; }
      into.Append(between == "[" ? "[]" : "]");
    } else if (value.GetType().FullName.StartsWith("System.Tuple")) {
      Print(value.GetType().GetProperties().Where(each => each.Name.StartsWith("Item")).Select(each => each.GetValue(value, null)), into);
    } else if (value.GetType().FullName.StartsWith("System.ValueTuple")) {
      Print(value.GetType().GetFields().Select(each => each.GetValue(value)), into);
    } else if (value is IFormattable) into.Append(((IFormattable) value).ToString(null, CultureInfo.InvariantCulture));
    else Quote(value.ToString(), into);
  }

  static void Quote(string text, StringBuilder into) {
    into.Append('"');
    foreach (char c in text) {
      if (c < 32 || c == '"' || c == '\\\\') into.AppendFormat("\\\\u{0:x4}", (int) c);
      else into.Append(c);
    }
    into.Append('"');
  }

  static MethodInfo Find(int count) {
    foreach (var type in Assembly.GetExecutingAssembly().GetTypes()) {
      if (type == typeof(Harness)) continue;
      foreach (var method in type.GetMethods(Any)) {
        if (method.Name == "${name}" && method.GetParameters().Length == count) return method;
      }
    }
    Console.Error.WriteLine("no method ${name} with " + count + " parameters");
    Environment.Exit(1);
    return null;
  }

  static void Main() {
    var input = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8).ReadToEnd();
    lines = input.Split('\\n');
    var mark = lines[0];
    var at = int.Parse(lines[1]);
    line = 2;
    var cases = (List<object>) Next();
    var standard = Console.OpenStandardOutput();
    Action<string> say = text => {
      Console.Out.Flush();
      var bytes = Encoding.UTF8.GetBytes("\\n" + mark + " " + text + "\\n");
      standard.Write(bytes, 0, bytes.Length);
      standard.Flush();
    };
    var called = Find(((List<object>) cases[0]).Count);
    say("ready");
    foreach (List<object> given in cases) {
      var told = new StringBuilder();
      try {
        var arguments = called.GetParameters().Select((each, k) => As(given[k], each.ParameterType)).ToArray();
        var self = called.IsStatic ? null : Activator.CreateInstance(called.DeclaringType, true);
        Print(called.Invoke(self, arguments), told);
      } catch (Exception error) {
        var cause = error is TargetInvocationException ? error.InnerException : error;
        told = new StringBuilder("!" + (cause.GetType().Name + ": " + cause.Message).Replace('\\n', ' '));
      }
      say(at++ + " " + told);
    }
    Console.Out.Flush();
    Environment.Exit(0);
  }
}
}
`;

/** Of CompareNetObjects what test programs use: values that print alike as JSON are equal. */
export const comparer = `
namespace KellermanSoftware.CompareNetObjects {
  public class ComparisonResult { public bool AreEqual { get; set; } }
  public class CompareLogic {
    public ComparisonResult Compare(object a, object b) {
      return new ComparisonResult { AreEqual = Same(a, b) };
    }
    static bool Same(object a, object b) {
      if (a == null || b == null) return a == null && b == null;
      if (a is string || b is string) return a.Equals(b);
      var m = a as System.Collections.IDictionary;
      var n = b as System.Collections.IDictionary;
      if (m != null && n != null) {
        if (m.Count != n.Count) return false;
        foreach (var key in m.Keys) if (!n.Contains(key) || !Same(m[key], n[key])) return false;
        return true;
      }
      var x = a as System.Collections.IEnumerable;
      var y = b as System.Collections.IEnumerable;
      if (x != null && y != null) {
        var i = x.GetEnumerator();
        var j = y.GetEnumerator();
        while (true) {
          bool more = i.MoveNext();
          if (more != j.MoveNext()) return false;
          if (!more) return true;
          if (!Same(i.Current, j.Current)) return false;
        }
      }
      return a.GetType() == b.GetType() && a.Equals(b);
    }
  }
}
`;
