//! gzip for long answers (RFC 1952): a few streams at a time, whose memory is there only while they are under way.

use aclk_core::clock::Now;
use aclk_core::encoding::{Encoder, Stream};
use aclk_core::metrics::{ChartInfo, Device, Facts, Samples};
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use std::cell::RefCell;

/// Streams that can be under way at a time: one over the link, one over the local API. Each takes some 340 KB. What is
/// asked for beside them is answered uncompressed.
const STREAMS: usize = 2;

/// The second level of ten. It makes samples a fifth longer than the best one does, in a twentieth of the time, and a sixth
/// shorter than the fastest in the same time.
const LEVEL: u32 = 2;

/// Magic number, deflate, no flags, no time, no particular level, made on Unix.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

/// Room for what deflate makes at a time, in bytes.
const ROOM: usize = 4_096;

/// Compresses with deflate, quickly.
#[derive(Debug, Default)]
pub(crate) struct Gzip(RefCell<[Option<Packer>; STREAMS]>);

impl Gzip {
    /// Does `work` with a stream. One that has ended is nobody's.
    fn with<T: Default>(&self, stream: &Stream, work: impl FnOnce(&mut Packer) -> T) -> T {
        let mut packers = self.0.borrow_mut();
        packers.get_mut(usize::from(stream.number())).and_then(Option::as_mut).map_or_else(T::default, work)
    }
}

impl Encoder for Gzip {
    fn begin(&self) -> Option<Stream> {
        let mut packers = self.0.borrow_mut();
        let (number, free) = (0..).zip(packers.iter_mut()).find(|(_, packer)| packer.is_none())?;
        *free = Some(Packer::new());
        Some(Stream::new(number))
    }

    fn feed(&self, stream: &Stream, piece: &[u8], is_last: bool) {
        self.with(stream, |packer| packer.feed(piece, is_last));
    }

    fn take(&self, stream: &Stream, buffer: &mut [u8]) -> usize {
        self.with(stream, |packer| packer.take(buffer))
    }

    fn restart(&self, stream: &Stream) {
        self.with(stream, Packer::restart);
    }

    fn end(&self, stream: Stream) {
        if let Some(packer) = self.0.borrow_mut().get_mut(usize::from(stream.number())) {
            *packer = None;
        }
    }
}

/// One stream.
#[derive(Debug)]
struct Packer {
    deflate: Compress,
    crc: Crc,
    /// Compressed, and not taken from `taken` on.
    packed: Vec<u8>,
    taken: usize,
}

impl Packer {
    fn new() -> Self {
        let deflate = Compress::new(Compression::new(LEVEL), false);
        Self { deflate, crc: Crc::new(), packed: HEADER.to_vec(), taken: 0 }
    }

    fn restart(&mut self) {
        self.deflate.reset();
        self.crc.reset();
        self.packed.clear();
        self.packed.extend(HEADER);
        self.taken = 0;
    }

    fn feed(&mut self, piece: &[u8], is_last: bool) {
        if self.taken == self.packed.len() {
            self.packed.clear();
            self.taken = 0;
        }
        self.crc.update(piece);
        self.deflate(piece, if is_last { FlushCompress::Finish } else { FlushCompress::None });
        if is_last {
            self.packed.extend(self.crc.sum().to_le_bytes());
            self.packed.extend(self.crc.amount().to_le_bytes());
        }
    }

    /// Compresses all of `piece`. What comes out depends on the room for it too: how far deflate sees ahead when it goes on
    /// after a block. So there is always the same, however much of what is packed has been taken.
    fn deflate(&mut self, piece: &[u8], flush: FlushCompress) {
        let mut rest = piece;
        let mut room = [0; ROOM];
        loop {
            let before = (self.deflate.total_in(), self.deflate.total_out());
            let status = self.deflate.compress(rest, &mut room, flush);
            let since = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
            let (taken, made) = (since(self.deflate.total_in(), before.0), since(self.deflate.total_out(), before.1));
            rest = rest.get(taken..).unwrap_or_default();
            self.packed.extend(room.get(..made).unwrap_or_default());
            match status {
                Ok(Status::StreamEnd) | Err(_) => return,
                Ok(_) if rest.is_empty() && made < ROOM && flush == FlushCompress::None => return,
                Ok(_) => {}
            }
        }
    }

    fn take(&mut self, buffer: &mut [u8]) -> usize {
        let packed = self.packed.get(self.taken..).unwrap_or_default();
        let len = packed.len().min(buffer.len());
        buffer[..len].copy_from_slice(&packed[..len]);
        self.taken += len;
        len
    }
}

/// A device whose long answers are compressed.
#[derive(Debug)]
pub(crate) struct Compressing<D> {
    device: D,
    gzip: Gzip,
}

impl<D: Device> Compressing<D> {
    pub(crate) fn new(device: D) -> Self {
        Self { device, gzip: Gzip::default() }
    }
}

impl<D: Device> Device for Compressing<D> {
    fn facts(&self) -> Facts<'_> {
        self.device.facts()
    }

    fn charts(&self) -> &[ChartInfo<'_>] {
        self.device.charts()
    }

    fn samples(&self) -> &dyn Samples {
        self.device.samples()
    }

    fn samples_mut(&mut self) -> &mut dyn Samples {
        self.device.samples_mut()
    }

    fn sample(&mut self, now: Now) {
        self.device.sample(now);
    }

    fn encoder(&self) -> Option<&dyn Encoder> {
        Some(&self.gzip)
    }
}

#[cfg(test)]
mod tests {
    use super::{Gzip, STREAMS};
    use aclk_core::encoding::{Encoder, PIECE, Stream};
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// Text that looks like an answer, and noise that cannot be made shorter.
    fn samples(len: usize) -> Vec<u8> {
        let mut seed = 1_u64;
        let mut noise = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 56) as u8
        };
        let text = (0_u32..).flat_map(|n| format!("[{},{}.5,null],\n", 1_700_000_000 + n, n % 100).into_bytes());
        let mut bytes: Vec<u8> = text.take(len / 2).collect();
        bytes.extend((bytes.len()..len).map(|_| noise()));
        bytes
    }

    /// What `stream` makes of `plain`, taken in pieces of `take` bytes.
    fn pack(gzip: &Gzip, stream: &Stream, plain: &[u8], take: usize) -> Vec<u8> {
        let (mut packed, mut buffer) = (Vec::new(), vec![0; take]);
        let pieces = plain.chunks(PIECE);
        let last = pieces.len() - 1;
        for (index, piece) in pieces.enumerate() {
            gzip.feed(stream, piece, index == last);
            loop {
                let len = gzip.take(stream, &mut buffer);
                packed.extend(&buffer[..len]);
                if len < take {
                    break;
                }
            }
        }
        packed
    }

    /// What the program `gzip` makes of it.
    fn unpacked(packed: Vec<u8>) -> Vec<u8> {
        let mut gunzip =
            Command::new("gzip").args(["-d", "-c"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut input = gunzip.stdin.take().unwrap();
        let writer = std::thread::spawn(move || input.write_all(&packed));
        let output = gunzip.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.status.success());
        output.stdout
    }

    #[test]
    fn gzip_reads_what_we_write_and_both_passes_are_the_same_however_they_are_taken() {
        let gzip = Gzip::default();
        for len in [1, PIECE, 100_000, 1_000_000, 3_000_000] {
            let plain = samples(len);
            let stream = gzip.begin().unwrap();
            let first = pack(&gzip, &stream, &plain, 100_000);
            gzip.restart(&stream);
            assert!(pack(&gzip, &stream, &plain, 7) == first, "{len} bytes");
            gzip.end(stream);
            assert!(unpacked(first) == plain, "{len} bytes");
        }
    }

    #[test]
    fn so_many_streams_are_under_way_and_the_memory_of_one_is_given_back() {
        let gzip = Gzip::default();
        let streams: Vec<Stream> = (0..STREAMS).map(|_| gzip.begin().unwrap()).collect();
        assert_eq!(gzip.begin(), None);
        let plain = samples(10_000);
        // Side by side they do not get in each other's way.
        let packed: Vec<Vec<u8>> = streams.iter().map(|stream| pack(&gzip, stream, &plain, 64)).collect();
        assert!(packed.iter().all(|one| *one == packed[0]));
        streams.into_iter().for_each(|stream| gzip.end(stream));
        assert!(gzip.0.borrow().iter().all(Option::is_none));
        assert!(gzip.begin().is_some());
    }
}
