//! Functions that are only declared, as far as one behaviour that their declaration allows is enough: a difference that shows under some
//! behaviour of the callee is a difference.

use super::evaluate::Frame;
use super::{Scalar, Stop};
use crate::instruction::Op;
use crate::memory::{Byte, Memory, Pointer};
use crate::module::{CallEffects, MemoryEffects, ParameterAttributes, ValueId, ValueKind};
use crate::types::Type;

/// A call that the world sees: such a function may print, or look at the memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// Its name.
    pub callee: String,
    /// Lanes of each argument.
    pub arguments: Vec<Vec<Scalar>>,
    /// Memory at the call.
    pub memory: Memory,
}

/// Ways in which such functions behave: return zero, ones, a mixture of the arguments; write through pointers; end the program.
pub const STRANGER_COUNT: u32 = 5;
const MIXES: u32 = 2;
const WRITES: u32 = 3;
const EXITS: u32 = 4;

/// Known to compilers, which may leave their calls out or put others in.
const LIBRARY: &[&str] = &[
    "malloc",
    "calloc",
    "realloc",
    "free",
    "aligned_alloc",
    "memalign",
    "posix_memalign",
    "valloc",
    "strdup",
    "strndup",
    "_Znwm",
    "_Znam",
    "_ZdlPv",
    "_ZdaPv",
    "_Znwj",
    "_Znaj",
    "reallocf",
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "bcmp",
    "memchr",
    "memccpy",
    "mempcpy",
    "strlen",
    "strnlen",
    "strcmp",
    "strncmp",
    "strcpy",
    "strncpy",
    "stpcpy",
    "strcat",
    "strchr",
    "strrchr",
    "strstr",
    "strpbrk",
    "strspn",
    "strcspn",
    "strtol",
    "strtoul",
    "atoi",
    "atol",
    "abs",
    "labs",
    "llabs",
    "ffs",
    "ffsl",
    "ffsll",
    "fls",
    "isdigit",
    "isascii",
    "toascii",
    "printf",
    "fprintf",
    "sprintf",
    "snprintf",
    "puts",
    "fputs",
    "putchar",
    "fputc",
    "fputc_unlocked",
    "fwrite",
    "fread",
    "fopen",
    "fclose",
    "exit",
    "abort",
    "_exit",
    "setjmp",
    "longjmp",
    "alloca",
    "objc_retain",
    "objc_release",
    "objc_autorelease",
    "__cxa_throw",
];

/// Whether compilers know what a function does.
fn is_library(name: &str) -> bool {
    LIBRARY.contains(&name) || name.starts_with("objc_") || name.starts_with("__")
}

impl Frame<'_> {
    pub(super) fn stranger(
        &mut self,
        id: ValueId,
        name: &str,
        mut arguments: Vec<Vec<Scalar>>,
        site: &CallEffects,
    ) -> Result<Vec<Scalar>, Stop> {
        let stuck = || Stop::stuck("external-call", format!("@{name}"));
        let (Some(style), Some(declaration)) = (self.strangers, self.module.declarations.get(name))
        else {
            return stuck();
        };
        let ValueKind::Instruction(Op::Call {
            arguments: values, ..
        }) = &self.function.value(id).kind
        else {
            return stuck();
        };
        let types: Vec<&Type> = values.iter().map(|(v, _)| self.function.ty(*v)).collect();
        if !self
            .module
            .call_fits(declaration, self.function.ty(id), &types)
        {
            return Stop::undefined("call with other types than the callee is declared with");
        }
        let effects = declaration.effects.and(site);
        let allocates = effects.words.iter().any(|w| w.starts_with("alloc"));
        // A caller that promised to touch less than its callee may is undefined by what the callee does.
        let promised =
            self.function.memory != MemoryEffects::Any && effects.memory != MemoryEffects::None;
        // What a callee may do with a pointer that its caller promised not to let escape is not settled here.
        let escapes = arguments
            .iter()
            .flatten()
            .any(|s| matches!(s, Scalar::Pointer(_)))
            && self
                .function
                .parameters
                .iter()
                .any(|p| p.attributes.no_capture);
        if is_library(name)
            || escapes
            || promised
            || allocates
            || declaration.variadic
            || effects.memory == MemoryEffects::Other
        {
            return stuck();
        }
        for ((lanes, ty), attributes) in arguments
            .iter_mut()
            .zip(&declaration.parameters)
            .zip(&declaration.parameter_attributes)
        {
            *lanes = self.attributed(lanes.clone(), ty, attributes)?;
        }
        if arguments.iter().flatten().any(|s| *s == Scalar::Undef) {
            return Stop::stuck("undef", "a call with undef");
        }
        if effects.memory == MemoryEffects::Any {
            let mut memory = self.memory.clone();
            memory.blocks.truncate(self.own);
            self.calls.push(CallRecord {
                callee: name.into(),
                arguments: arguments.clone(),
                memory,
            });
        }
        let may_end = effects.memory == MemoryEffects::Any && !effects.says("willreturn");
        if effects.says("noreturn") || (style == EXITS && may_end) {
            return if may_end { Err(Stop::Exit) } else { stuck() };
        }
        if style == WRITES {
            self.scribble(&arguments, &declaration.parameter_attributes, &effects);
        }
        let returned = declaration
            .parameter_attributes
            .iter()
            .position(|a| a.returned);
        let out = match returned {
            Some(at) => arguments[at].clone(),
            None => self.invented(style, name, &arguments, self.function.ty(id))?,
        };
        self.attributed(out, &declaration.result, &declaration.result_attributes)
    }

    /// Changes the first byte behind each pointer that may be written through.
    fn scribble(
        &mut self,
        arguments: &[Vec<Scalar>],
        attributes: &[ParameterAttributes],
        effects: &CallEffects,
    ) {
        if !matches!(effects.memory, MemoryEffects::Any | MemoryEffects::Argument) {
            return;
        }
        for (lanes, attributes) in arguments.iter().zip(attributes) {
            let [Scalar::Pointer(pointer)] = lanes.as_slice() else {
                continue;
            };
            let Some((block, range)) = self.memory.span(*pointer, 1) else {
                continue;
            };
            let block = &mut self.memory.blocks[block];
            if attributes.no_store || block.constant || block.asleep {
                continue;
            }
            let byte = match block.bytes[range.start] {
                Byte::Bits(bits) => bits ^ 0x5a,
                _ => 0x5a,
            };
            block.bytes[range.start] = Byte::Bits(byte);
        }
    }

    fn invented(
        &self,
        style: u32,
        name: &str,
        arguments: &[Vec<Scalar>],
        ty: &Type,
    ) -> Result<Vec<Scalar>, Stop> {
        let mut seed = 0xcbf2_9ce4_8422_2325_u64;
        let mut mix =
            |word: u64| seed = (seed ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(17);
        name.bytes().for_each(|b| mix(u64::from(b)));
        for scalar in arguments.iter().flatten() {
            match scalar {
                Scalar::Int(bits) => mix(*bits as u64),
                Scalar::Pointer(p) => mix(u64::from(p.block) << 32 ^ p.offset as u64),
                Scalar::Poison | Scalar::Undef => mix(7),
            }
        }
        // What it printed before is part of its world.
        mix(self.calls.len() as u64);
        let Some(lanes) = self.module.lanes(ty) else {
            return Stop::stuck("external-call", format!("@{name}"));
        };
        lanes
            .iter()
            .enumerate()
            .map(|(i, lane)| {
                let seed = seed.wrapping_add(i as u64);
                Ok(match (lane, style) {
                    (Type::Int(_) | Type::Float(_), 0 | WRITES) => Scalar::Int(0),
                    (Type::Int(width), MIXES) => {
                        Scalar::Int(u128::from(seed) & crate::fold::mask(*width))
                    }
                    (Type::Int(width), _) => Scalar::Int(crate::fold::mask(*width)),
                    (Type::Pointer, 0) => Scalar::Pointer(Pointer {
                        block: 0,
                        offset: 0,
                    }),
                    (Type::Pointer, _) => match self
                        .memory
                        .blocks
                        .iter()
                        .position(|b| b.name == "elsewhere")
                    {
                        Some(block) => Scalar::Pointer(Pointer {
                            block: block as u32,
                            offset: 0,
                        }),
                        None => return Stop::stuck("external-call", format!("@{name}")),
                    },
                    _ => return Stop::stuck("floating-point", format!("@{name}")),
                })
            })
            .collect()
    }
}
