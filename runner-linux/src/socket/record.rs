//! The form of an answer: records that end in a zero byte, the first the exit code of the client, the others what it prints.

/// What a client is to print, and how it is to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Reply {
    /// It was done; `stdout` is the answer.
    pub(crate) fn done(stdout: impl Into<String>) -> Self {
        Self { code: 0, stdout: stdout.into(), stderr: String::new() }
    }

    /// It was not done because of `stderr`.
    pub(crate) fn failed(stderr: impl Into<String>) -> Self {
        Self { code: 1, stdout: String::new(), stderr: stderr.into() }
    }

    /// The records.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = format!("X{}\0", self.code).into_bytes();
        for (kind, text) in [(b'O', &self.stdout), (b'E', &self.stderr)] {
            if !text.is_empty() {
                bytes.push(kind);
                // A zero byte would end the record.
                bytes.extend(text.bytes().filter(|byte| *byte != 0));
                bytes.push(0);
            }
        }
        bytes
    }

    /// Reads records. `None` if there is no exit code among them. Kinds that nobody knows are skipped.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut code = None;
        let (mut stdout, mut stderr) = (String::new(), String::new());
        for record in bytes.split(|byte| *byte == 0) {
            let Some((kind, text)) = record.split_first() else { continue };
            let text = String::from_utf8_lossy(text);
            match kind {
                // What does not fit is no success.
                b'X' => code = Some(text.trim().parse().unwrap_or(u8::MAX)),
                b'O' => stdout.push_str(&text),
                b'E' => stderr.push_str(&text),
                _ => {}
            }
        }
        Some(Self { code: code?, stdout, stderr })
    }
}

#[cfg(test)]
mod tests {
    use super::Reply;

    #[test]
    fn records_are_those_of_the_original() {
        assert_eq!(Reply::done("pong").encode(), b"X0\0Opong\0");
        assert_eq!(Reply::failed("no").encode(), b"X1\0Eno\0");
        assert_eq!(Reply::done("").encode(), b"X0\0");
        assert_eq!(Reply::done("a\0b").encode(), b"X0\0Oab\0");
    }

    #[test]
    fn any_bytes_are_read_and_none_is_a_success_without_a_code() {
        let reply = |bytes: &[u8]| Reply::decode(bytes);
        assert_eq!(reply(b"X0\0Opong\0"), Some(Reply::done("pong")));
        let both = Reply { code: 7, stdout: "ab".to_owned(), stderr: "c\n".to_owned() };
        assert_eq!(reply(b"Oa\0X7\0Q?\0Ec\n\0\0Ob"), Some(both));
        assert_eq!(reply(b"X999\0").map(|reply| reply.code), Some(255));
        assert_eq!(reply(b"X-1\0").map(|reply| reply.code), Some(255));
        assert_eq!((reply(b""), reply(b"\0\0"), reply(b"Opong\0")), (None, None, None));
        assert!(reply(b"X0\0O\xff\0").is_some());
    }
}
