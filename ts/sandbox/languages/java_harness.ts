/**
 * The class `Main` that finds the method by reflection, gives it arguments of its own types and prints what it returns.
 * Everything that stands outside java.lang goes by its full name, for the code's imports hold here too.
 */
export const javaHarness = (name: string, classes: readonly string[]): string =>
  `class Main {
  static String[] lines;
  static int line;

  static Object next() {
    String text = lines[line++];
    String rest = text.substring(1);
    switch (text.charAt(0)) {
      case 't': return Boolean.TRUE;
      case 'f': return Boolean.FALSE;
      case 'i': return new java.math.BigInteger(rest);
      case 'd': return Double.valueOf(rest);
      case 's': return text(rest);
      case '[': {
        java.util.List<Object> list = new java.util.ArrayList<>();
        for (int left = Integer.parseInt(rest); left > 0; left--) list.add(next());
        return list;
      }
      case '{': {
        java.util.Map<Object, Object> map = new java.util.LinkedHashMap<>();
        for (int left = Integer.parseInt(rest); left > 0; left--) { Object key = next(); map.put(key, next()); }
        return map;
      }
      default: return null;
    }
  }

  static String text(String hex) {
    byte[] bytes = new byte[hex.length() / 2];
    for (int at = 0; at < bytes.length; at++) bytes[at] = (byte) Integer.parseInt(hex.substring(2 * at, 2 * at + 2), 16);
    return new String(bytes, java.nio.charset.StandardCharsets.UTF_8);
  }

  static Class<?> raw(java.lang.reflect.Type type) {
    if (type instanceof Class) return (Class<?>) type;
    if (type instanceof java.lang.reflect.ParameterizedType) return raw(((java.lang.reflect.ParameterizedType) type).getRawType());
    if (type instanceof java.lang.reflect.WildcardType) return raw(((java.lang.reflect.WildcardType) type).getUpperBounds()[0]);
    return Object.class;
  }

  static java.lang.reflect.Type part(java.lang.reflect.Type type, int at) {
    if (!(type instanceof java.lang.reflect.ParameterizedType)) return Object.class;
    return ((java.lang.reflect.ParameterizedType) type).getActualTypeArguments()[at];
  }

  static Object as(Object value, java.lang.reflect.Type type) {
    if (type instanceof java.lang.reflect.GenericArrayType) {
      return array((java.util.List<?>) value, ((java.lang.reflect.GenericArrayType) type).getGenericComponentType());
    }
    Class<?> to = raw(type);
    if (to == java.util.Optional.class) return java.util.Optional.ofNullable(value == null ? null : as(value, part(type, 0)));
    if (value == null) return null;
    if (to.isArray()) return array((java.util.List<?>) value, to.getComponentType());
    if (value instanceof Number) {
      Number n = (Number) value;
      java.math.BigInteger whole = n instanceof java.math.BigInteger ? (java.math.BigInteger) n : null;
      if (to == int.class || to == Integer.class) return whole.intValueExact();
      if (to == long.class || to == Long.class) return whole.longValueExact();
      if (to == short.class || to == Short.class) return whole.shortValueExact();
      if (to == byte.class || to == Byte.class) return whole.byteValueExact();
      if (to == double.class || to == Double.class) return n.doubleValue();
      if (to == float.class || to == Float.class) return n.floatValue();
      if (to == java.math.BigDecimal.class) return new java.math.BigDecimal(n.toString());
      if (to == java.math.BigInteger.class || whole == null) return n;
      if (whole.bitLength() < 32) return whole.intValue();
      return whole.bitLength() < 64 ? (Object) whole.longValue() : whole;
    }
    if (value instanceof String && (to == char.class || to == Character.class)) return ((String) value).charAt(0);
    if (value instanceof java.util.List) {
      java.util.Collection<Object> into = java.util.SortedSet.class.isAssignableFrom(to) ? new java.util.TreeSet<>()
        : java.util.Set.class.isAssignableFrom(to) ? new java.util.LinkedHashSet<>()
        : java.util.Queue.class.isAssignableFrom(to) && !to.isAssignableFrom(java.util.LinkedList.class)
          ? new java.util.ArrayDeque<>()
        : to.isAssignableFrom(java.util.ArrayList.class) ? new java.util.ArrayList<>() : new java.util.LinkedList<>();
      for (Object each : (java.util.List<?>) value) into.add(as(each, part(type, 0)));
      return into;
    }
    if (value instanceof java.util.Map) {
      java.util.Map<Object, Object> into =
        java.util.SortedMap.class.isAssignableFrom(to) ? new java.util.TreeMap<>() : new java.util.LinkedHashMap<>();
      for (java.util.Map.Entry<?, ?> each : ((java.util.Map<?, ?>) value).entrySet()) {
        Class<?> key = raw(part(type, 0));
        Object name = Number.class.isAssignableFrom(key) ? new java.math.BigInteger((String) each.getKey()) : each.getKey();
        into.put(as(name, part(type, 0)), as(each.getValue(), part(type, 1)));
      }
      return into;
    }
    return value;
  }

  static Object array(java.util.List<?> list, java.lang.reflect.Type element) {
    Object into = java.lang.reflect.Array.newInstance(raw(element), list.size());
    for (int at = 0; at < list.size(); at++) java.lang.reflect.Array.set(into, at, as(list.get(at), element));
    return into;
  }

  static void print(Object value, StringBuilder out) {
    if (value instanceof java.util.Optional) value = ((java.util.Optional<?>) value).orElse(null);
    if (value == null || value instanceof Boolean || value instanceof Number) out.append(value);
    else if (value instanceof java.util.Map) {
      String between = "{";
      for (java.util.Map.Entry<?, ?> each : ((java.util.Map<?, ?>) value).entrySet()) {
        quote(String.valueOf(each.getKey()), out.append(between));
        print(each.getValue(), out.append(':'));
        between = ",";
      }
      out.append(between == "{" ? "{}" : "}");
    } else if (value instanceof Iterable || value.getClass().isArray()) {
      String between = "[";
      if (value instanceof Iterable) {
        for (Object each : (Iterable<?>) value) { print(each, out.append(between)); between = ","; }
      } else {
        for (int at = 0; at < java.lang.reflect.Array.getLength(value); at++) {
          print(java.lang.reflect.Array.get(value, at), out.append(between));
          between = ",";
        }
      }
      out.append(between == "[" ? "[]" : "]");
    } else quote(String.valueOf(value), out);
  }

  static void quote(String text, StringBuilder out) {
    out.append('"');
    for (char c : text.toCharArray()) {
      if (c < 32 || c == '"' || c == '\\\\') out.append(String.format("\\\\u%04x", (int) c));
      else out.append(c);
    }
    out.append('"');
  }

  static void say(java.io.FileOutputStream out, String line) throws java.io.IOException {
    System.out.flush();
    out.write(("\\n" + line + "\\n").getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  static java.lang.reflect.Method find(int count) throws Exception {
    for (String name : new String[] {${classes.map((each) => `"${each}"`).join(", ")}}) {
      Class<?> type;
      try { type = Class.forName(name); } catch (ClassNotFoundException inner) { continue; }
      for (java.lang.reflect.Method method : type.getDeclaredMethods()) {
        if (!method.getName().equals("${name}") || method.getParameterCount() != count || method.isSynthetic()) continue;
        method.setAccessible(true);
        return method;
      }
    }
    System.err.println("no method ${name} with " + count + " parameters");
    Runtime.getRuntime().halt(1);
    return null;
  }

  public static void main(String[] none) throws Throwable {
    lines = new String(System.in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8).split("\\n");
    String mark = lines[0];
    int at = Integer.parseInt(lines[1]);
    line = 2;
    java.util.List<?> cases = (java.util.List<?>) next();
    java.io.FileOutputStream out = new java.io.FileOutputStream(java.io.FileDescriptor.out);
    java.lang.reflect.Method method = find(((java.util.List<?>) cases.get(0)).size());
    say(out, mark + " ready");
    for (Object given : cases) {
      StringBuilder told = new StringBuilder();
      try {
        java.util.List<?> list = (java.util.List<?>) given;
        Object[] arguments = new Object[list.size()];
        for (int k = 0; k < arguments.length; k++) arguments[k] = as(list.get(k), method.getGenericParameterTypes()[k]);
        Object self = null;
        if (!java.lang.reflect.Modifier.isStatic(method.getModifiers())) {
          java.lang.reflect.Constructor<?> make = method.getDeclaringClass().getDeclaredConstructor();
          make.setAccessible(true);
          self = make.newInstance();
        }
        Object result = method.invoke(self, arguments);
        print(result, told);
      } catch (Throwable error) {
        Throwable cause = error instanceof java.lang.reflect.InvocationTargetException ? error.getCause() : error;
        told = new StringBuilder("!" + String.valueOf(cause).replace('\\n', ' '));
      }
      say(out, mark + " " + at++ + " " + told);
    }
    Runtime.getRuntime().halt(0);
  }
}
`;
