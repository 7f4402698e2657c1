//! What a client of the run-time socket wants.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    State,
    Reload,
    ReopenLogs,
    Ping,
    Version,
    ReadConfig,
    WriteConfig,
    Stop,
    Help,
}

/// None is the beginning of another.
const NAMES: [(&str, Command); 9] = [
    ("aclk-state", Command::State),
    ("reload-claiming-state", Command::Reload),
    ("reopen-logs", Command::ReopenLogs),
    ("ping", Command::Ping),
    ("version", Command::Version),
    ("read-config", Command::ReadConfig),
    ("write-config", Command::WriteConfig),
    ("shutdown-agent", Command::Stop),
    ("help", Command::Help),
];

/// Which command it is, and what stands behind its name. As in the original the name need only be the beginning.
pub(super) fn parse(command: &[u8]) -> Option<(Command, &str)> {
    let text = std::str::from_utf8(command).ok()?.trim_start();
    NAMES.iter().find_map(|(name, command)| Some((*command, text.strip_prefix(name)?.trim())))
}

#[cfg(test)]
mod tests {
    use super::{Command, NAMES, parse};

    #[test]
    fn a_command_is_known_by_its_beginning() {
        for (name, command) in NAMES {
            assert_eq!(parse(name.as_bytes()), Some((command, "")));
            assert_eq!(parse(format!(" {name} x y ").as_bytes()), Some((command, "x y")));
        }
        assert_eq!(parse(b"aclk-state json \n"), Some((Command::State, "json")));
        assert_eq!(parse(b"pingpong"), Some((Command::Ping, "pong")));
    }

    #[test]
    fn everything_else_is_unknown() {
        for command in [&b""[..], b" ", b"\0ping", b"pin", b"PING", b"\xffping", b"reload-health"] {
            assert_eq!(parse(command), None, "{command:?}");
        }
    }
}
