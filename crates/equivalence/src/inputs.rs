//! Concrete inputs: corners, constants of the code and their neighbours, random values of a fixed seed; small arrays behind pointers.

use calque_ir::collections::HashMap;

use calque_ir::interpreter::{Input, STRANGER_COUNT, Scalar};
use calque_ir::{
    Byte, Constant, FloatKind, Function, Memory, Module, Op, Pointer, Type, ValueKind, float, fold,
};

use crate::callees::{calls_strangers, globals_of, with_callees};
use crate::concrete::Side;
use crate::image::{ImageByte, image};

/// Inputs tried before any proof.
pub(crate) const INPUT_COUNT: usize = 256;

/// A small counter-based generator (splitmix64): the same inputs in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
}

/// Integer constants of both functions, with neighbours, without repetition.
pub(crate) fn harvest(functions: &[&Function]) -> Vec<u128> {
    let mut out: Vec<u128> = Vec::new();
    for function in functions {
        for value in &function.values {
            if let (ValueKind::Constant(Constant::Int(bits)), Type::Int(width)) =
                (&value.kind, &value.ty)
            {
                let centre = fold::signed(*bits, *width);
                for near in [centre, centre.wrapping_add(1), centre.wrapping_sub(1)] {
                    let near = near as u128;
                    if out.len() < 64 && !out.contains(&near) {
                        out.push(near);
                    }
                }
            }
        }
    }
    out
}

/// Bytes of the elements that a function reads through pointers that are not its own locals: 1, 2, 4 or 8.
fn element_size(module: &Module, functions: &[&Function]) -> u64 {
    let mut sizes = Vec::new();
    for function in functions {
        for value in &function.values {
            let (pointer, ty) = match &value.kind {
                ValueKind::Instruction(Op::Load { pointer, .. }) => (*pointer, value.ty.clone()),
                ValueKind::Instruction(Op::Store { value, pointer, .. }) => {
                    (*pointer, function.ty(*value).clone())
                }
                _ => continue,
            };
            let local = matches!(function.op(pointer), Some(Op::Alloca { .. }));
            if let (false, Type::Int(_), Some(size)) =
                (local, ty.scalar(), module.store_size(ty.scalar()))
            {
                sizes.push(size);
            }
        }
    }
    sizes
        .into_iter()
        .min()
        .unwrap_or(4)
        .clamp(1, 8)
        .next_power_of_two()
}

/// Builds inputs for two functions of one signature.
pub(crate) struct Inputs<'m> {
    modules: [&'m Module; 2],
    function: &'m Function,
    constants: Vec<u128>,
    element: u64,
    random: Random,
    noundef: Vec<bool>,
    /// Whether a function is called that is only declared.
    strangers: bool,
    /// Globals that either side uses.
    globals: Vec<&'m str>,
}

impl<'m> Inputs<'m> {
    pub(crate) fn new(sides: [Side<'m>; 2], noundef: Vec<bool>) -> Self {
        let [source, target] = sides.map(with_callees);
        let all = [source.as_slice(), &target].concat();
        Self {
            modules: sides.map(|s| s.module),
            function: sides[0].function,
            constants: harvest(&all),
            element: element_size(sides[0].module, &all),
            random: Random::new(0x00ca_19e5),
            noundef,
            globals: {
                let mut names = globals_of(sides[0].module, &source);
                names.extend(globals_of(sides[1].module, &target));
                calque_ir::collections::sort(&mut names);
                names.dedup();
                names
            },
            strangers: calls_strangers(sides[0].module, &source)
                || calls_strangers(sides[1].module, &target),
        }
    }

    /// Whether a function is called that is only declared.
    pub(crate) fn strangers(&self) -> bool {
        self.strangers
    }

    /// Whether some parameter has a type that no input can be made for.
    pub(crate) fn unsupported(&self) -> Option<String> {
        self.function.parameters.iter().find_map(|p| {
            let ty = self.function.ty(p.value);
            let lanes = self.modules[0].lanes(ty);
            let fits = lanes.is_some_and(|l| {
                l.iter()
                    .all(|t| matches!(t, Type::Int(1..=128) | Type::Pointer | Type::Float(_)))
            });
            (!fits).then(|| ty.to_string())
        })
    }

    /// Memory with the globals of both sides and nothing else.
    pub(crate) fn globals(&self) -> Memory {
        let mut memory = Memory::default();
        let mut images = Vec::new();
        for module in self.modules {
            for &name in &self.globals {
                let label = format!("@{name}");
                if !module.globals.contains_key(name)
                    || memory.blocks.iter().any(|b| b.name == label)
                {
                    continue;
                }
                let global = &module.globals[name];
                let both = self.modules.map(|m| m.globals.get(name));
                // A global that the two sides define differently has no common initial state.
                let agree = both.iter().flatten().all(|g| {
                    g.initializer == global.initializer
                        && g.constant == global.constant
                        && g.ty == global.ty
                });
                if let Some(image) = image(module, global).filter(|_| agree && !global.unsupported)
                {
                    let align = global.align.max(module.abi_align(&global.ty).unwrap_or(1));
                    let bytes = vec![Byte::Undef; image.len()];
                    let block = memory.allocate(&label, bytes, align, true) as usize;
                    memory.blocks[block].constant = global.constant;
                    images.push((block, image));
                }
            }
        }
        // Addresses can be written when all globals have one.
        let blocks: HashMap<String, u32> = memory
            .blocks
            .iter()
            .enumerate()
            .map(|(i, b)| (b.name.clone(), i as u32))
            .collect();
        for (block, image) in images {
            for (byte, part) in memory.blocks[block].bytes.iter_mut().zip(image) {
                *byte = match part {
                    ImageByte::Bits(bits) => Byte::Bits(bits),
                    ImageByte::Poison => Byte::Poison,
                    ImageByte::Undef => Byte::Undef,
                    ImageByte::Address(name, offset, n) => match blocks.get(&format!("@{name}")) {
                        Some(&block) => Byte::Pointer(Pointer { block, offset }, n),
                        None => Byte::Undef,
                    },
                };
            }
        }
        memory
    }

    /// The n-th input.
    pub(crate) fn input(&mut self, n: usize) -> Input {
        let mut memory = self.globals();
        if self.strangers {
            let bytes = vec![Byte::Bits(0x11); 64];
            memory.allocate("elsewhere", bytes, 16, false);
        }
        let mut arguments = Vec::new();
        let mut length: Option<u64> = None;
        let parameters = self.function.parameters.clone();
        for (i, parameter) in parameters.iter().enumerate() {
            let ty = self.function.ty(parameter.value).clone();
            let name = format!("%{}", self.function.value(parameter.value).name);
            if n >= INPUT_COUNT - 8
                && !self.noundef.get(i).copied().unwrap_or(false)
                && (n + i).is_multiple_of(2)
            {
                let lanes = self.modules[0].lanes(&ty).unwrap_or_default();
                arguments.push(vec![Scalar::Poison; lanes.len()]);
                length = None;
                continue;
            }
            if ty == Type::Pointer {
                let (pointer, count) = self.array(n, &name, &mut memory);
                arguments.push(vec![pointer]);
                length = Some(count);
                continue;
            }
            let lanes = self.modules[0].lanes(&ty).unwrap_or_default();
            let mut values = Vec::new();
            for lane in &lanes {
                values.push(match lane {
                    Type::Int(width) => {
                        let bits = match length {
                            Some(count) if !n.is_multiple_of(16) => u128::from(count),
                            _ => self.integer(n, i, *width),
                        };
                        Scalar::Int(bits & fold::mask(*width))
                    }
                    Type::Float(kind) => Scalar::Int(self.number(n, i, *kind)),
                    _ => Scalar::Pointer(Pointer {
                        block: 0,
                        offset: 0,
                    }),
                });
            }
            length = None;
            arguments.push(values);
        }
        Input {
            arguments,
            memory,
            strangers: self.strangers.then_some(n as u32 % STRANGER_COUNT),
        }
    }

    fn integer(&mut self, n: usize, argument: usize, width: u32) -> u128 {
        let corners = [
            0u128,
            1,
            u128::MAX,
            2,
            3,
            1 << (width - 1),
            (1 << (width - 1)) - 1,
            u128::MAX - 1,
            4,
            5,
            7,
            8,
            10,
            16,
        ];
        // The first inputs walk the corners with equal arguments, then each argument by itself.
        if n < corners.len() {
            return corners[n];
        }
        match self.random.below(8) {
            0..=1 => corners[(self.random.below(corners.len() as u64)) as usize],
            2..=3 if !self.constants.is_empty() => {
                self.constants[self.random.below(self.constants.len() as u64) as usize]
            }
            2..=4 => (i128::from(self.random.below(41)) - 20) as u128,
            5 => u128::from(self.random.below(300)),
            6 => u128::from(self.random.next()) << (argument % 3) >> self.random.below(64),
            _ => u128::from(self.random.next()) | u128::from(self.random.next()) << 64,
        }
    }

    /// Small numbers and halves, and any bits.
    fn number(&mut self, n: usize, argument: usize, kind: FloatKind) -> u128 {
        let bits = self.integer(n, argument, kind.bits());
        let small = u128::from(self.random.below(33));
        let special = self.random.below(4) == 0;
        let whole = float::from_integer(kind, 8, true, (small.wrapping_sub(16)) & 0xff);
        let half = float::from_integer(kind, 8, false, 2).zip(whole);
        let half = half.and_then(|(two, whole)| float::arithmetic("fdiv", kind, whole, two));
        match half {
            Some(half) if !special => half,
            _ => bits & fold::mask(kind.bits()),
        }
    }

    fn array(&mut self, n: usize, name: &str, memory: &mut Memory) -> (Scalar, u64) {
        if n == 1 {
            return (
                Scalar::Pointer(Pointer {
                    block: 0,
                    offset: 0,
                }),
                0,
            );
        }
        let count = if n == 0 {
            0
        } else {
            self.random.below(if n < 64 { 7 } else { 12 })
        };
        let spare = if n.is_multiple_of(16) { 24 } else { 0 };
        let style = self.random.below(5);
        let mut bytes = Vec::new();
        let base = self.integer(20 + n, 0, 64);
        for i in 0..count + spare {
            let value = match style {
                0 => self.integer(20 + n, 0, 8 * self.element as u32),
                1 => u128::from(self.random.below(4)),
                2 => base.wrapping_add(u128::from(i)),
                3 => base,
                _ => (i128::from(self.random.below(25)) - 12) as u128,
            };
            // Text: letters, digits, spaces and the like behind byte pointers in most inputs.
            let value = if self.element == 1 && style != 0 {
                let alphabet = b"aAbzZ 019_-.,aeiouxyq\t~()[]{}";
                u128::from(alphabet[(self.random.below(alphabet.len() as u64)) as usize])
            } else {
                value
            };
            bytes.extend((0..self.element).map(|k| Byte::Bits((value >> (8 * k)) as u8)));
        }
        // Byte arrays end in a zero, so that functions that look for one find it.
        if self.element == 1 {
            bytes.push(Byte::Bits(0));
        }
        let block = memory.allocate(name, bytes, 16, false);
        (Scalar::Pointer(Pointer { block, offset: 0 }), count)
    }
}
