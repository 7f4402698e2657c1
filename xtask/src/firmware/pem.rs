//! The first certificate of a PEM file, as the board has it: DER.

/// The bytes between the first pair of lines with dashes; `None` if there is no such pair, or something else between.
pub(super) fn first(text: &str) -> Option<Vec<u8>> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN "));
    lines.next()?;
    let mut bits = 0_u32;
    let mut held = 0;
    let mut bytes = Vec::new();
    for line in lines {
        if line.starts_with("-----END ") {
            return Some(bytes);
        }
        for character in line.bytes().filter(|byte| *byte != b'=') {
            bits = bits << 6 | value(character)?;
            held += 6;
            if held >= 8 {
                held -= 8;
                bytes.push((bits >> held) as u8);
            }
        }
    }
    None
}

fn value(character: u8) -> Option<u32> {
    let value = match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::first;

    #[test]
    fn the_first_certificate_is_taken_and_nothing_that_is_none() {
        let text = "chatter\n-----BEGIN CERTIFICATE-----\nSGVsbG8s\r\nIHdvcmxkIQ==\n-----END CERTIFICATE-----\n\
                    -----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(first(text).unwrap(), b"Hello, world!");
        assert_eq!(first("-----BEGIN CERTIFICATE-----\nSGVsbG8s\n"), None);
        assert_eq!(first("-----BEGIN CERTIFICATE-----\nSG*s\n-----END CERTIFICATE-----\n"), None);
        assert_eq!(first(""), None);
    }
}
