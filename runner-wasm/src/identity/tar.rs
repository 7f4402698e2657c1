//! A tar archive (POSIX ustar).

const BLOCK: usize = 512;

/// Files that are put together.
pub(super) struct Archive {
    folder: &'static str,
    bytes: Vec<u8>,
}

impl Archive {
    /// An archive of one folder.
    pub(super) fn new(folder: &'static str) -> Self {
        let mut archive = Self { folder, bytes: Vec::new() };
        archive.header("", 0o755, 0, b'5');
        archive
    }

    /// A file in the folder.
    pub(super) fn add(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.header(name, mode, content.len(), b'0');
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(BLOCK), 0);
    }

    /// All of it.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 2 * BLOCK, 0);
        self.bytes
    }

    fn header(&mut self, name: &str, mode: u32, size: usize, kind: u8) {
        let mut header = [0; BLOCK];
        let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(0, &format!("{}/{name}", self.folder));
        put(100, &format!("{mode:07o}"));
        put(108, "0000000");
        put(116, "0000000");
        put(124, &format!("{size:011o}"));
        put(136, "00000000000");
        // The checksum counts itself as blanks.
        put(148, "        ");
        put(257, "ustar");
        put(263, "00");
        header[156] = kind;
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.bytes.extend_from_slice(&header);
    }
}
