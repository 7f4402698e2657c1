//! Who is asked for names.

use std::fs;
use std::path::Path;

/// Where the C libraries look.
const FILE: &str = "/etc/resolv.conf";
/// As many servers as the C libraries use.
const SERVERS: usize = 3;

/// A phrase that names the servers, or says why there are none.
pub(crate) fn describe() -> String {
    of(Path::new(FILE))
}

fn of(file: &Path) -> String {
    let name = file.display();
    let text = match fs::read(file) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return format!("{name} is missing, so this machine itself is asked for names");
        }
        Err(error) => return format!("{name} cannot be read: {}", crate::store::error::words(&error)),
    };
    let servers: Vec<&str> = text.lines().filter_map(server).take(SERVERS).collect();
    if servers.is_empty() {
        return format!("{name} names no server, so this machine itself is asked for names");
    }
    format!("names are looked up at {} ({name})", servers.join(", "))
}

fn server(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    (words.next()? == "nameserver").then(|| words.next()).flatten()
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::scratch::Scratch;
    use std::fs;

    #[test]
    fn the_servers_are_named_and_their_absence_too() {
        let scratch = Scratch::new();
        let file = scratch.path().join("resolv.conf");
        assert!(of(&file).ends_with("resolv.conf is missing, so this machine itself is asked for names"));
        fs::write(&file, "# nameserver 1.1.1.1\nsearch lan\n").unwrap();
        assert!(of(&file).ends_with("names no server, so this machine itself is asked for names"));
        fs::write(&file, "nameserver 10.0.0.1\n nameserver\t::1 x\nnameserver c\nnameserver d\n").unwrap();
        assert!(of(&file).starts_with("names are looked up at 10.0.0.1, ::1, c (/"));
    }
}
