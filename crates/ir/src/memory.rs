//! Memory as blocks of bytes; a pointer is a block and an offset, so provenance is exact.

/// Where a pointer points. Block 0 is null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pointer {
    /// Index into `Memory::blocks`.
    pub block: u32,
    /// Bytes from the block's start; may lie outside.
    pub offset: i64,
}

/// One byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Byte {
    /// Eight bits.
    Bits(u8),
    /// Byte n of a stored pointer.
    Pointer(Pointer, u8),
    /// Poison.
    Poison,
    /// Never written.
    Undef,
}

/// An allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryBlock {
    /// What a report calls it: a parameter, a global or a local.
    pub name: String,
    /// Contents.
    pub bytes: Vec<Byte>,
    /// Address of the first byte.
    pub address: u64,
    /// Whether the program cannot know the address (locals): looking at it is not modelled.
    pub hidden: bool,
    /// Stores are undefined behaviour.
    pub constant: bool,
    /// Gone after the function that made it returned.
    pub live: bool,
    /// A local outside the lifetime that markers give it: a load finds poison, a store is undefined behaviour.
    pub asleep: bool,
}

/// All allocations of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Block 0 is null and has no bytes.
    pub blocks: Vec<MemoryBlock>,
}

impl Default for Memory {
    fn default() -> Self {
        let null = MemoryBlock {
            name: "null".into(),
            bytes: Vec::new(),
            address: 0,
            hidden: false,
            constant: true,
            live: true,
            asleep: false,
        };
        Self { blocks: vec![null] }
    }
}

impl Memory {
    /// Adds a block at the next free address of an alignment and gives its index.
    pub fn allocate(&mut self, name: &str, bytes: Vec<Byte>, align: u64, hidden: bool) -> u32 {
        let align = align.max(1).next_power_of_two().min(1 << 20);
        let last = self
            .blocks
            .last()
            .map_or(0, |b| b.address + b.bytes.len() as u64);
        // An odd multiple of the alignment: an access that wants more than was promised is caught.
        let mut address = (last.max(0x1000) + 64).next_multiple_of(align);
        if address.is_multiple_of(align * 2) {
            address += align;
        }
        self.blocks.push(MemoryBlock {
            name: name.into(),
            bytes,
            address,
            hidden,
            constant: false,
            live: true,
            asleep: false,
        });
        (self.blocks.len() - 1) as u32
    }

    /// The block of a pointer.
    #[must_use]
    pub fn block(&self, pointer: Pointer) -> Option<&MemoryBlock> {
        self.blocks.get(pointer.block as usize)
    }

    /// The address of a pointer.
    #[must_use]
    pub fn address(&self, pointer: Pointer) -> u64 {
        self.block(pointer)
            .map_or(0, |b| b.address)
            .wrapping_add(pointer.offset as u64)
    }

    /// The byte range of an access, if all of it lies in a live block.
    #[must_use]
    pub fn span(&self, pointer: Pointer, size: u64) -> Option<(usize, std::ops::Range<usize>)> {
        let block = self.block(pointer).filter(|b| b.live)?;
        let start = usize::try_from(pointer.offset).ok()?;
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        (end <= block.bytes.len()).then_some((pointer.block as usize, start..end))
    }
}
