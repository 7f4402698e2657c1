//! gzip for the device of the tests.

use aclk_core::encoding::{Encoder, PIECE, Stream};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::cell::RefCell;

/// So many streams at a time. Like every encoder it makes the same of the same pieces.
#[derive(Debug)]
pub struct Packers(RefCell<Vec<Option<Packer>>>);

#[derive(Debug)]
struct Packer {
    /// What is compressed so far, and not taken.
    encoder: GzEncoder<Vec<u8>>,
}

impl Packer {
    fn new() -> Self {
        Self { encoder: GzEncoder::new(Vec::new(), Compression::fast()) }
    }
}

impl Packers {
    pub(crate) fn new(streams: usize) -> Self {
        Self(RefCell::new((0..streams).map(|_| None).collect()))
    }

    /// How many there can be.
    pub(crate) fn streams(&self) -> usize {
        self.0.borrow().len()
    }

    /// How many are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.0.borrow().iter().flatten().count()
    }

    fn with<T>(&self, stream: &Stream, work: impl FnOnce(&mut Packer) -> T) -> T {
        let mut packers = self.0.borrow_mut();
        work(packers[usize::from(stream.number())].as_mut().expect("the stream has ended"))
    }
}

impl Encoder for Packers {
    fn begin(&self) -> Option<Stream> {
        let mut packers = self.0.borrow_mut();
        let free = packers.iter().position(Option::is_none)?;
        packers[free] = Some(Packer::new());
        Some(Stream::new(u8::try_from(free).expect("there are not so many")))
    }

    fn feed(&self, stream: &Stream, piece: &[u8], is_last: bool) {
        assert!(piece.len() == PIECE || is_last && (1..PIECE).contains(&piece.len()), "{} bytes", piece.len());
        self.with(stream, |packer| {
            assert!(packer.encoder.get_ref().is_empty(), "fed before all was taken");
            std::io::Write::write_all(&mut packer.encoder, piece).expect("memory takes it");
            if is_last {
                packer.encoder.try_finish().expect("memory takes it");
            }
        });
    }

    fn take(&self, stream: &Stream, buffer: &mut [u8]) -> usize {
        self.with(stream, |packer| {
            let packed = packer.encoder.get_mut();
            let len = packed.len().min(buffer.len());
            buffer[..len].copy_from_slice(&packed[..len]);
            packed.drain(..len);
            len
        })
    }

    fn restart(&self, stream: &Stream) {
        self.with(stream, |packer| *packer = Packer::new());
    }

    fn end(&self, stream: Stream) {
        let ended = self.0.borrow_mut()[usize::from(stream.number())].take();
        assert!(ended.is_some(), "ended twice");
    }
}
