/** The module that reads arguments as the types which the function's parameters infer, and prints what it returns. */
export const rustHarness = (name: string, arity: number, code: string): string => {
  const method = /\bimpl\s+Solution\b/.test(code) ? `super::Solution::${name}` : `super::${name}`;
  const given = Array.from({ length: arity }, (_, k) => `In::read(&given[${k}])`).join(", ");
  return `pub mod calque_harness {
use ::std::{boxed::Box, collections::*, format, hash::Hash, io::{Read, Write}, option::Option, panic, string::{String, ToString}, vec::Vec};
pub enum J { Null, Bool(bool), Int(i128), Real(f64), Text(String), List(Vec<J>), Map(Vec<(J, J)>) }
fn next(lines: &mut dyn Iterator<Item = &str>) -> J {
  let line = lines.next().unwrap();
  let rest = &line[1..];
  match line.as_bytes()[0] {
    b't' => J::Bool(true),
    b'f' => J::Bool(false),
    b'i' => J::Int(rest.parse().unwrap()),
    b'd' => J::Real(rest.parse().unwrap()),
    b's' => {
      let bytes = (0..rest.len() / 2).map(|at| u8::from_str_radix(&rest[2 * at..2 * at + 2], 16).unwrap()).collect();
      J::Text(String::from_utf8(bytes).unwrap())
    }
    b'[' => J::List((0..rest.parse::<usize>().unwrap()).map(|_| next(lines)).collect()),
    b'{' => J::Map((0..rest.parse::<usize>().unwrap()).map(|_| (next(lines), next(lines))).collect()),
    _ => J::Null,
  }
}
pub trait In: Sized { fn read(j: &J) -> Self; fn key(text: &str) -> Self { Self::read(&J::Text(text.to_string())) } }
macro_rules! calque_integers { ($($t:ty),*) => { $(
  impl In for $t {
    fn read(j: &J) -> Self { match j { J::Int(n) => (*n).try_into().unwrap(), _ => panic!("expected an integer") } }
    fn key(text: &str) -> Self { text.parse().unwrap() }
  }
  impl Out for $t { fn print(&self) -> String { self.to_string() } }
)* } }
calque_integers!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);
macro_rules! calque_reals { ($($t:ty),*) => { $(
  impl In for $t { fn read(j: &J) -> Self { match j { J::Int(n) => *n as $t, J::Real(x) => *x as $t, _ => panic!("expected a number") } } }
  impl Out for $t { fn print(&self) -> String { format!("{:?}", self) } }
)* } }
calque_reals!(f32, f64);
impl In for bool { fn read(j: &J) -> Self { match j { J::Bool(b) => *b, _ => panic!("expected a boolean") } } }
impl In for String { fn read(j: &J) -> Self { match j { J::Text(s) => s.clone(), _ => panic!("expected a text") } } }
impl In for char { fn read(j: &J) -> Self { String::read(j).chars().next().unwrap() } }
fn list<T: In, C: FromIterator<T>>(j: &J) -> C {
  match j { J::List(l) => l.iter().map(T::read).collect(), _ => panic!("expected a list") }
}
fn pairs<K: In, V: In, C: FromIterator<(K, V)>>(j: &J) -> C {
  match j { J::Map(m) => m.iter().map(|(k, v)| (K::key(&String::read(k)), V::read(v))).collect(), _ => panic!("expected an object") }
}
impl<T: In> In for Vec<T> { fn read(j: &J) -> Self { list(j) } }
impl<T: In> In for VecDeque<T> { fn read(j: &J) -> Self { list(j) } }
impl<T: In + Eq + Hash> In for HashSet<T> { fn read(j: &J) -> Self { list(j) } }
impl<T: In + Ord> In for BTreeSet<T> { fn read(j: &J) -> Self { list(j) } }
impl<K: In + Eq + Hash, V: In> In for HashMap<K, V> { fn read(j: &J) -> Self { pairs(j) } }
impl<K: In + Ord, V: In> In for BTreeMap<K, V> { fn read(j: &J) -> Self { pairs(j) } }
impl<T: In> In for Option<T> { fn read(j: &J) -> Self { match j { J::Null => Option::None, other => Option::Some(T::read(other)) } } }
impl<T: In> In for Box<T> { fn read(j: &J) -> Self { Box::new(T::read(j)) } }
impl<T: In, const N: usize> In for [T; N] {
  fn read(j: &J) -> Self { match list::<T, Vec<T>>(j).try_into() { Ok(whole) => whole, Err(_) => panic!("expected {} elements", N) } }
}
impl In for &'static str { fn read(j: &J) -> Self { Box::leak(String::read(j).into_boxed_str()) } }
impl<T: In> In for &'static [T] { fn read(j: &J) -> Self { Box::leak(Vec::<T>::read(j).into_boxed_slice()) } }
impl<T: In> In for &'static mut [T] { fn read(j: &J) -> Self { Box::leak(Vec::<T>::read(j).into_boxed_slice()) } }
impl<T: In> In for &'static T { fn read(j: &J) -> Self { Box::leak(Box::new(T::read(j))) } }
impl<T: In> In for &'static mut T { fn read(j: &J) -> Self { Box::leak(Box::new(T::read(j))) } }
pub trait Out { fn print(&self) -> String; }
fn quote(text: &str) -> String {
  let mut out = String::from("\\"");
  for c in text.chars() {
    if c < ' ' || c == '"' || c == '\\\\' { out += &format!("\\\\u{:04x}", c as u32) } else { out.push(c) }
  }
  out + "\\""
}
fn seq<'a, T: Out + 'a>(each: impl Iterator<Item = &'a T>) -> String {
  format!("[{}]", each.map(|e| e.print()).collect::<Vec<_>>().join(","))
}
fn table<'a, K: Out + 'a, V: Out + 'a>(each: impl Iterator<Item = (&'a K, &'a V)>) -> String {
  let parts: Vec<String> = each.map(|(k, v)| {
    let k = k.print();
    format!("{}:{}", if k.starts_with('"') { k } else { quote(&k) }, v.print())
  }).collect();
  format!("{{{}}}", parts.join(","))
}
impl Out for bool { fn print(&self) -> String { self.to_string() } }
impl Out for str { fn print(&self) -> String { quote(self) } }
impl Out for String { fn print(&self) -> String { quote(self) } }
impl Out for char { fn print(&self) -> String { quote(&self.to_string()) } }
impl Out for () { fn print(&self) -> String { "null".to_string() } }
impl<T: Out + ?Sized> Out for &T { fn print(&self) -> String { (**self).print() } }
impl<T: Out + ?Sized> Out for &mut T { fn print(&self) -> String { (**self).print() } }
impl<T: Out + ?Sized> Out for Box<T> { fn print(&self) -> String { (**self).print() } }
impl<T: Out> Out for [T] { fn print(&self) -> String { seq(self.iter()) } }
impl<T: Out, const N: usize> Out for [T; N] { fn print(&self) -> String { seq(self.iter()) } }
impl<T: Out> Out for Vec<T> { fn print(&self) -> String { seq(self.iter()) } }
impl<T: Out> Out for VecDeque<T> { fn print(&self) -> String { seq(self.iter()) } }
impl<T: Out> Out for HashSet<T> { fn print(&self) -> String { seq(self.iter()) } }
impl<T: Out> Out for BTreeSet<T> { fn print(&self) -> String { seq(self.iter()) } }
impl<K: Out, V: Out> Out for HashMap<K, V> { fn print(&self) -> String { table(self.iter()) } }
impl<K: Out, V: Out> Out for BTreeMap<K, V> { fn print(&self) -> String { table(self.iter()) } }
impl<T: Out> Out for Option<T> { fn print(&self) -> String { match self { Option::Some(v) => v.print(), Option::None => "null".to_string() } } }
impl<T: Out, E: Out> Out for Result<T, E> { fn print(&self) -> String { match self { Ok(v) => v.print(), Err(e) => e.print() } } }
macro_rules! calque_tuples { ($($t:ident $n:tt),*) => {
  impl<$($t: Out),*> Out for ($($t,)*) { fn print(&self) -> String { format!("[{}]", [$(self.$n.print()),*].join(",")) } }
  impl<$($t: In),*> In for ($($t,)*) { fn read(j: &J) -> Self { match j { J::List(l) => ($($t::read(&l[$n]),)*), _ => panic!("expected a list") } } }
} }
calque_tuples!(A 0);
calque_tuples!(A 0, B 1);
calque_tuples!(A 0, B 1, C 2);
calque_tuples!(A 0, B 1, C 2, D 3);
fn say(text: String) {
  let mut out = ::std::io::stdout();
  out.write_all(format!("\\n{}\\n", text).as_bytes()).unwrap();
  out.flush().unwrap();
}
pub fn main() {
  let mut text = String::new();
  ::std::io::stdin().read_to_string(&mut text).unwrap();
  let mut lines = text.lines();
  let mark = lines.next().unwrap();
  let first: usize = lines.next().unwrap().parse().unwrap();
  let cases = match next(&mut lines) { J::List(l) => l, _ => return };
  say(format!("{} ready", mark));
  for (at, each) in cases.iter().enumerate() {
    let told = panic::catch_unwind(panic::AssertUnwindSafe(|| {
      let given = match each { J::List(l) => l, _ => panic!("expected a list") };
      if given.len() != ${arity} { panic!("expected ${arity} arguments") }
      ${method}(${given}).print()
    })).unwrap_or_else(|_| "!a panic".to_string());
    say(format!("{} {} {}", mark, first + at, told));
  }
  ::std::process::exit(0);
}
}
`;
};
