//! A file in pieces, each compressed and whole by itself.

use std::io::{Result, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;

/// A piece is closed once it takes so much.
pub const CHUNK_BYTES: usize = 1024 * 1024;
/// Or says so much, however little it takes: whoever fetches it waits no longer for the next one.
const CHUNK_SAYS_BYTES: usize = 16 * 1024 * 1024;
/// So much goes in at a time, so that no piece takes much more than it should.
const STEP_BYTES: usize = 64 * 1024;

/// What is being packed.
pub struct Packer {
    open: GzEncoder<Vec<u8>>,
    says_bytes: usize,
}

impl Packer {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { open: GzEncoder::new(Vec::new(), Compression::default()), says_bytes: 0 }
    }

    /// Takes in more; answers the pieces that are closed by it.
    pub fn pack(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        let mut closed = Vec::new();
        for step in bytes.chunks(STEP_BYTES) {
            self.open.write_all(step)?;
            self.says_bytes += step.len();
            if self.open.get_ref().len() >= CHUNK_BYTES || self.says_bytes >= CHUNK_SAYS_BYTES {
                closed.extend(self.close()?);
            }
        }
        Ok(closed)
    }

    /// Closes the piece that is open, if there is anything in it.
    pub fn close(&mut self) -> Result<Option<Vec<u8>>> {
        let before = std::mem::replace(self, Self::new());
        let is_empty = before.says_bytes == 0;
        let bytes = before.open.finish()?;
        Ok((!is_empty).then_some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn packed(all: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut packer = Packer::new();
        let mut pieces: Vec<Vec<u8>> = all.iter().flat_map(|bytes| packer.pack(bytes).unwrap()).collect();
        pieces.extend(packer.close().unwrap());
        pieces
    }

    #[test]
    fn pieces_are_bounded_and_say_together_what_was_packed() {
        // What cannot be compressed, and what can.
        let mut state = 1_u64;
        let noise: Vec<u8> = (0..5 * CHUNK_BYTES)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        let blanks = vec![b' '; 40 * CHUNK_BYTES];
        let pieces = packed(&[&noise, &[], &blanks]);
        assert!(pieces.len() >= 7, "{}", pieces.len());
        assert!(pieces.iter().all(|piece| piece.len() < CHUNK_BYTES + 2 * STEP_BYTES));
        let mut said = Vec::new();
        for piece in &pieces {
            GzDecoder::new(piece.as_slice()).read_to_end(&mut said).unwrap();
        }
        assert!(said == [noise, blanks].concat());
        assert!(packed(&[]).is_empty());
    }
}
