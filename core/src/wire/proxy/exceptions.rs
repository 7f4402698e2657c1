//! Hosts that no proxy is used for: the list that is known as `no_proxy`.

use core::net::IpAddr;

/// A list of hosts, divided by commas or blanks.
///
/// | entry | covers |
/// |---|---|
/// | `*` | everything |
/// | `example.com`, `.example.com`, `*.example.com` | that name and every name that ends in it after a dot |
/// | `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]` | that address |
/// | `192.0.2.0/24`, `2001:db8::/32` | the addresses of that network |
/// | any of these names and addresses with `:port` | the same at that port only (an IPv6 address then needs brackets) |
///
/// Names are compared without regard to case, addresses as addresses. What is none of these covers nothing. A name is not
/// looked up, so an address covers only a host that is given as an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exceptions(&'static str);

impl Exceptions {
    /// No exceptions.
    pub const NONE: Self = Self("");

    /// The exceptions in `list`, which is that of the environment or built in, and so lives as long as the program.
    #[must_use]
    pub const fn new(list: &'static str) -> Self {
        Self(list)
    }

    /// Whether `host` (a name, or an address without brackets) at `port` is one of them.
    #[must_use]
    pub fn cover(self, host: &str, port: u16) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let address = host.parse::<IpAddr>().ok();
        let entries = self.0.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        entries.into_iter().any(|entry| covers(entry, host, address, port))
    }
}

fn covers(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    let (pattern, at) = split_port(entry);
    if at.is_some_and(|at| at.parse() != Ok(port)) {
        return false;
    }
    let pattern = pattern.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(pattern);
    match address {
        Some(address) => match pattern.split_once('/') {
            Some((network, bits)) => is_in(address, network, bits),
            None => pattern.parse() == Ok(address),
        },
        None => is_under(host, pattern),
    }
}

/// A port is what follows the only colon, or a closing bracket and a colon.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    let divided = if entry.starts_with('[') { entry.rsplit_once("]:") } else { entry.split_once(':') };
    match divided {
        Some((host, port)) if !port.contains(':') => {
            let host = if entry.starts_with('[') { entry.get(..host.len() + 1).unwrap_or(entry) } else { host };
            (host, Some(port))
        }
        _ => (entry, None),
    }
}

/// Whether `host` is the name `pattern`, or one below it.
fn is_under(host: &str, pattern: &str) -> bool {
    let pattern = pattern.strip_prefix('*').unwrap_or(pattern);
    let pattern = pattern.strip_prefix('.').unwrap_or(pattern);
    let pattern = pattern.strip_suffix('.').unwrap_or(pattern);
    if pattern.is_empty() {
        return false;
    }
    let Some(start) = host.len().checked_sub(pattern.len()) else { return false };
    let (Some(before), Some(end)) = (host.get(..start), host.get(start..)) else { return false };
    end.eq_ignore_ascii_case(pattern) && (before.is_empty() || before.ends_with('.'))
}

/// Whether the first `bits` of `address` are those of `network`.
fn is_in(address: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let differ = |a: u128, b: u128, width: u32| match width.checked_sub(bits) {
        // Shifting by the whole width leaves nothing.
        Some(rest) => a.checked_shr(rest).unwrap_or(0) != b.checked_shr(rest).unwrap_or(0),
        None => true,
    };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => !differ(a.to_bits().into(), b.to_bits().into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => !differ(a.to_bits(), b.to_bits(), 128),
        _ => false,
    }
}
