use crate::{Error, Tokenizer};

/// Decodes ids as they come: bytes of an unfinished character wait for the next ids.
#[derive(Debug, Clone, Default)]
pub struct DecodeStream {
    waiting: Vec<u8>,
    skip_special: bool,
}

impl DecodeStream {
    pub(crate) fn new(skip_special: bool) -> Self {
        Self {
            waiting: Vec::new(),
            skip_special,
        }
    }

    /// The text that `ids` complete. All pushes and [`DecodeStream::end`] together give what
    /// [`Tokenizer::decode`] gives for all ids at once.
    pub fn push(&mut self, tokenizer: &Tokenizer, ids: &[u32]) -> Result<String, Error> {
        let bytes = tokenizer.decode_bytes(ids, self.skip_special)?;
        self.waiting.extend_from_slice(&bytes);
        let mut done = 0;
        loop {
            match std::str::from_utf8(&self.waiting[done..]) {
                Ok(text) => {
                    done += text.len();
                    break;
                }
                Err(error) => {
                    done += error.valid_up_to();
                    // No length: the bytes so far may still become a character.
                    let Some(bad) = error.error_len() else { break };
                    done += bad;
                }
            }
        }
        let rest = self.waiting.split_off(done);
        let text = String::from_utf8_lossy(&self.waiting).into_owned();
        self.waiting = rest;
        Ok(text)
    }

    /// What is left at the end: nothing, or U+FFFD for a character that never became whole.
    #[must_use]
    pub fn end(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.waiting)).into_owned()
    }
}
