//! The secrets of TLS connections as text, so that whoever looks at their bytes can read them.

use core::fmt::{self, Write};
use rustls::KeyLog;

/// Hands each secret of a TLS connection to a listener, as a line in the format of `SSLKEYLOGFILE`
/// (draft-ietf-tls-keylogfile), line feed included. Wireshark reads these lines, and so does the playground's inspector.
///
/// Whoever has them can read everything that these connections carried: they are for tests and for lessons.
pub struct KeyLogLines(Box<dyn Fn(&str) + Send + Sync>);

impl KeyLogLines {
    /// Calls `listener` with each line, in the midst of a handshake: it must not touch the connection.
    #[must_use]
    pub fn new(listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Box::new(listener))
    }
}

impl KeyLog for KeyLogLines {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = String::with_capacity(label.len() + 2 * (client_random.len() + secret.len()) + 3);
        line.push_str(label);
        for bytes in [client_random, secret] {
            line.push(' ');
            for byte in bytes {
                // A string takes everything.
                let _ = write!(line, "{byte:02x}");
            }
        }
        line.push('\n');
        self.0(&line);
    }
}

impl fmt::Debug for KeyLogLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLogLines").finish_non_exhaustive()
    }
}
