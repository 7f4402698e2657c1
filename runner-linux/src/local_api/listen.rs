//! Where the local API listens: `--listen`, or `[web]` of `netdata.conf`.

use crate::fault::Fault;
use crate::store::conf::Conf;
use crate::store::error::words;
use aclk_core::stage::Stage;
use aclk_firmware::local_api::PORT;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 64;
/// The most addresses that are listened on: beyond that, it is a mistake.
const ADDRESSES_MAX: usize = 32;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listen {
    /// Nowhere.
    Off,
    /// On these addresses. If somebody `chose` them, it is an error when not one of them can be had; else the link goes on
    /// without the local API.
    At { addresses: Vec<Address>, chosen: bool },
}

/// An address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Address {
    /// All addresses of this machine, IPv6 and IPv4, as far as it has them.
    Any(u16),
    /// This one only.
    One(SocketAddr),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(port) => write!(f, "*:{port}"),
            Self::One(address) => write!(f, "{address}"),
        }
    }
}

impl Default for Listen {
    /// This machine only.
    fn default() -> Self {
        let address = Address::One((Ipv4Addr::LOCALHOST, PORT).into());
        Self::At { addresses: vec![address], chosen: false }
    }
}

impl Listen {
    /// The value of `--listen`.
    pub(crate) fn of_option(text: &str) -> Result<Self, Fault> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let hint = "write it as in --listen 127.0.0.1:19999, or --listen off";
        let address: SocketAddr =
            text.parse().map_err(|_| Fault::usage("--listen is not an address with a port").hint(hint))?;
        // Linux itself takes [::] for both.
        let address = match address {
            SocketAddr::V6(v6) if v6.ip().is_unspecified() => Address::Any(v6.port()),
            address => Address::One(address),
        };
        Ok(Self::At { addresses: vec![address], chosen: true })
    }

    /// What `[web]` of `netdata.conf` says.
    ///
    /// # Errors
    /// If it makes no sense, with the words that make none.
    pub(crate) fn of_conf(conf: &Conf) -> Result<Self, Fault> {
        if conf.value("web", "mode").is_some_and(|mode| mode.eq_ignore_ascii_case("none")) {
            return Ok(Self::Off);
        }
        let fault = |cause: &dyn fmt::Display| {
            Fault::usage(format_args!("netdata.conf, [web]: {cause}"))
                .hint("write it as in: bind to = * or bind to = 127.0.0.1 [::1]:19999")
        };
        let default_port = match conf.value("web", "default port") {
            None => PORT,
            Some(text) => self::port(text).ok_or_else(|| fault(&format_args!("default port \"{text}\" is no port")))?,
        };
        let Some(text) = conf.value("web", "bind to") else {
            return Ok(Self::At { addresses: vec![Address::Any(default_port)], chosen: false });
        };
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::Off);
        }
        let mut addresses = Vec::new();
        for word in text.split_whitespace() {
            let found = parse(word, default_port).map_err(|why| fault(&format_args!("bind to \"{word}\": {why}")))?;
            addresses.extend(found.into_iter().filter(|address| !addresses.contains(address)).collect::<Vec<_>>());
        }
        if addresses.len() > ADDRESSES_MAX {
            return Err(fault(&format_args!("bind to has more than {ADDRESSES_MAX} addresses")));
        }
        Ok(Self::At { addresses, chosen: true })
    }

    /// Listens. Must be called on the runtime. Yields the listeners and what did not work.
    ///
    /// # Errors
    /// If somebody chose where, and it cannot be had anywhere.
    pub(crate) fn bind(&self) -> Result<(Vec<TcpListener>, Vec<String>), Fault> {
        let Self::At { addresses, chosen } = self else { return Ok((Vec::new(), Vec::new())) };
        let (mut listeners, mut notes) = (Vec::new(), Vec::new());
        for address in addresses {
            match address.bind() {
                Ok(listener) => listeners.push(listener),
                Err(error) => notes.push(format!("cannot listen on {address}: {}", words(&error))),
            }
        }
        if listeners.is_empty() && *chosen {
            let hint = "is another program (a Netdata Agent, perhaps) using the port? choose another one, or none";
            return Err(Fault::new(Stage::Config, format_args!("local API: {}", notes.join(", "))).hint(hint));
        }
        Ok((listeners, notes))
    }
}

impl Address {
    fn bind(self) -> io::Result<TcpListener> {
        match self {
            Self::One(address) => bind(address, false),
            Self::Any(port) => match bind((Ipv6Addr::UNSPECIFIED, port).into(), true) {
                // A machine without IPv6.
                Err(error) if !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) => {
                    bind((Ipv4Addr::UNSPECIFIED, port).into(), false)
                }
                result => result,
            },
        }
    }
}

/// Listens on `address`; on an IPv6 one with or without IPv4 beside it, whatever the system's default is.
fn bind(address: SocketAddr, with_ipv4: bool) -> io::Result<TcpListener> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
    if address.is_ipv6() {
        rustix::net::sockopt::set_ipv6_v6only(&socket, !with_ipv4)?;
    }
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// `[tcp:]ADDRESS[:PORT][=WHAT|WHAT][^SSL=optional]`: one word of `bind to`. What may be asked for there is not limited
/// further here: all of it may only be read.
fn parse(word: &str, default_port: u16) -> Result<Vec<Address>, &'static str> {
    let (text, tls) = word.split_once('^').unwrap_or((word, ""));
    if tls.eq_ignore_ascii_case("SSL=force") {
        return Err("TLS is not offered here");
    }
    let text = text.split_once('=').map_or(text, |(text, _)| text);
    if text.starts_with("unix:") || text.starts_with("udp:") {
        return Err("only TCP is offered here");
    }
    let text = text.strip_prefix("tcp:").unwrap_or(text);
    // An IPv6 address without brackets has no port behind it.
    if let Ok(ip) = text.parse::<Ipv6Addr>() {
        return Ok(vec![Address::One((ip, default_port).into())]);
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or("a bracket is not closed")?;
            host.parse::<Ipv6Addr>().map_err(|_| "there is no IPv6 address in the brackets")?;
            if rest.is_empty() { (host, None) } else { (host, Some(rest.strip_prefix(':').ok_or("it is no address")?)) }
        }
        None => text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(default_port), self::port).ok_or("the port is none")?;
    if matches!(host, "*" | "any" | "all") {
        return Ok(vec![Address::Any(port)]);
    }
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![Address::One((ip, port).into())]);
    }
    // Digits, dots and colons only are an address that somebody got wrong, and nothing to ask a name server about.
    if host.is_empty() || host.contains(':') || host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err("it is no address");
    }
    let found = (host, port).to_socket_addrs().map_err(|_| "there is no such host")?;
    Ok(found.map(Address::One).collect())
}

fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port > 0 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::{Address, Listen};
    use crate::host::block_on;
    use crate::store::conf::Conf;

    fn shown(listen: &Listen) -> String {
        match listen {
            Listen::Off => "off".to_owned(),
            Listen::At { addresses, chosen } => {
                let all: Vec<_> = addresses.iter().map(Address::to_string).collect();
                format!("{}{}", all.join(" "), if *chosen { "!" } else { "" })
            }
        }
    }

    fn conf(web: &str) -> Result<String, String> {
        Listen::of_conf(&Conf::new(format!("[web]\n{web}")))
            .map(|listen| shown(&listen))
            .map_err(|fault| fault.cause.trim_start_matches("netdata.conf, [web]: ").to_owned())
    }

    #[test]
    fn who_says_nothing_gets_this_machine_only_and_did_not_choose_it() {
        assert_eq!(shown(&Listen::default()), "127.0.0.1:19999");
    }

    #[test]
    fn netdata_conf_says_where() {
        for (web, expected) in [
            ("", "*:19999"),
            ("bind to = *", "*:19999!"),
            ("bind to = *:8080", "*:8080!"),
            ("default port = 81\nbind to = * 10.0.0.1 10.0.0.2:82", "*:81 10.0.0.1:81 10.0.0.2:82!"),
            ("default port = 81", "*:81"),
            (
                "bind to = 127.0.0.1=dashboard|registry|badges 192.168.1.1:19998=streaming^SSL=optional",
                "127.0.0.1:19999 192.168.1.1:19998!",
            ),
            (
                "bind to = [::1]:20000 [fe80::1] ::1 tcp:127.0.0.1:1",
                "[::1]:20000 [fe80::1]:19999 [::1]:19999 127.0.0.1:1!",
            ),
            ("bind to = 127.0.0.1 127.0.0.1", "127.0.0.1:19999!"),
            ("bind to = none", "off"),
            ("mode = none\nbind to = *", "off"),
            ("mode = static-threaded", "*:19999"),
        ] {
            assert_eq!(conf(web).as_deref(), Ok(expected), "{web}");
        }
        assert!(conf("bind to = localhost:7").unwrap().contains("127.0.0.1:7"));
    }

    #[test]
    fn nonsense_in_netdata_conf_is_named() {
        for (web, expected) in [
            ("bind to = 127.0.0.1:port", "bind to \"127.0.0.1:port\": the port is none"),
            ("bind to = 127.0.0.1:0", "bind to \"127.0.0.1:0\": the port is none"),
            ("bind to = *:99999", "bind to \"*:99999\": the port is none"),
            ("bind to = 300.1.1.1", "bind to \"300.1.1.1\": it is no address"),
            ("bind to = [::1", "bind to \"[::1\": a bracket is not closed"),
            ("bind to = [10.0.0.1]:1", "bind to \"[10.0.0.1]:1\": there is no IPv6 address in the brackets"),
            ("bind to = [::1]x", "bind to \"[::1]x\": it is no address"),
            ("bind to = :80", "bind to \":80\": it is no address"),
            ("bind to = 1:2:3:80", "bind to \"1:2:3:80\": it is no address"),
            ("bind to = unix:/run/x.sock", "bind to \"unix:/run/x.sock\": only TCP is offered here"),
            ("bind to = *:443^SSL=force", "bind to \"*:443^SSL=force\": TLS is not offered here"),
            ("bind to = does-not-exist.invalid", "bind to \"does-not-exist.invalid\": there is no such host"),
            ("default port = http", "default port \"http\" is no port"),
        ] {
            assert_eq!(conf(web), Err(expected.to_owned()), "{web}");
        }
    }

    #[test]
    fn a_port_that_is_taken_is_an_error_only_where_somebody_chose_it() {
        block_on(async {
            let first = Listen::of_option("127.0.0.1:0").unwrap();
            let (listeners, notes) = first.bind().unwrap();
            assert_eq!((listeners.len(), notes.len()), (1, 0));
            let taken = listeners[0].local_addr().unwrap();
            let fault = Listen::of_option(&taken.to_string()).unwrap().bind().unwrap_err();
            // glibc says "already in use".
            assert!(fault.cause.starts_with(&format!("local API: cannot listen on {taken}: address ")), "{fault}");
            let default = Listen::At { addresses: vec![Address::One(taken)], chosen: false };
            let (listeners, notes) = default.bind().unwrap();
            assert!(listeners.is_empty());
            assert!(notes[0].starts_with(&format!("cannot listen on {taken}: address ")), "{notes:?}");
        })
        .unwrap();
    }

    #[test]
    fn everywhere_is_ipv4_too() {
        block_on(async {
            let (listeners, _) = Listen::of_option("[::]:0").unwrap().bind().unwrap();
            let port = listeners[0].local_addr().unwrap().port();
            let talk = async { tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap() };
            tokio::join!(async { listeners[0].accept().await.unwrap() }, talk);
        })
        .unwrap();
    }
}
