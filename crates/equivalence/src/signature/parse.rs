//! `slice<i32>, i32 -> option<i32>`.

use calque_ir::{FloatKind, Type};

use super::{Abstract, Signature};

impl Signature {
    /// Reads parameters, an arrow and a result: `slice<i32>, out<i64>, bool -> option<i32>`; `()` stands for no parameters and for no
    /// result.
    ///
    /// # Errors
    ///
    /// Says what was found and what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((parameters, result)) = text.split_once("->") else {
            return Err(format!("signature {text:?}: expected PARAMETERS -> RESULT"));
        };
        let parameters = parameters.trim();
        let parameters = match parameters {
            "" | "()" => Vec::new(),
            list => list.split(',').map(parameter).collect::<Result<_, _>>()?,
        };
        Ok(Self {
            parameters,
            result: result_type(result.trim())?,
        })
    }
}

fn parameter(text: &str) -> Result<Abstract, String> {
    let text = text.trim();
    if let Some(element) = inside(text, "slice") {
        return Ok(Abstract::Slice(scalar(element)?));
    }
    if let Some(element) = inside(text, "out") {
        return Ok(Abstract::Out(scalar(element)?));
    }
    match text {
        "bool" => Ok(Abstract::Bool),
        _ => Ok(Abstract::Scalar(scalar(text)?)),
    }
}

fn result_type(text: &str) -> Result<Abstract, String> {
    if let Some(element) = inside(text, "option") {
        return Ok(Abstract::Optional(scalar(element)?));
    }
    match text {
        "()" => Ok(Abstract::Nothing),
        "bool" => Ok(Abstract::Bool),
        _ => Ok(Abstract::Scalar(scalar(text)?)),
    }
}

fn inside<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let rest = text.strip_prefix(name)?.trim_start();
    Some(rest.strip_prefix('<')?.strip_suffix('>')?.trim())
}

fn scalar(text: &str) -> Result<Type, String> {
    match text {
        "f32" => return Ok(Type::Float(FloatKind::Float)),
        "f64" => return Ok(Type::Float(FloatKind::Double)),
        _ => {}
    }
    let width = text.strip_prefix('i').and_then(|w| w.parse::<u32>().ok());
    match width.filter(|w| [8, 16, 32, 64, 128].contains(w)) {
        Some(width) => Ok(Type::Int(width)),
        None => Err(format!(
            "type {text:?}: expected i8, i16, i32, i64, i128, f32, f64, bool, slice<T>, out<T>, or as a result option<T> or ()"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_read() {
        let read =
            Signature::parse("slice<i32>, bool, out< i64 > -> option<f64>").expect("a signature");
        assert_eq!(
            read.parameters,
            [
                Abstract::Slice(Type::Int(32)),
                Abstract::Bool,
                Abstract::Out(Type::Int(64))
            ]
        );
        assert_eq!(
            read.result,
            Abstract::Optional(Type::Float(FloatKind::Double))
        );
        assert_eq!(
            Signature::parse("() -> ()").map(|s| s.parameters.len()),
            Ok(0)
        );
        for bad in [
            "i32",
            "i33 -> i32",
            "option<i32> -> i32",
            "slice<bool -> i32",
            "i32 -> slice<i32>",
            "i32,, i32 -> i32",
        ] {
            assert!(Signature::parse(bad).is_err(), "{bad}");
        }
    }
}
