//! The programs that `aclk` is, by the name it is started under.

use std::ffi::OsStr;
use std::path::Path;

/// Whom to behave as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    /// `aclk`, and every name that is none of the others.
    Aclk,
    /// `netdatacli`: commands a running daemon.
    Netdatacli,
    /// `netdata`: what starts and configures a Netdata Agent starts and configures this.
    Netdata,
    /// `netdata-claim.sh`, with or without its ending: the documented claiming script.
    ClaimScript,
}

impl Name {
    /// By the first argument of the process, without its folders.
    pub(crate) fn of(program: Option<&OsStr>) -> Self {
        match program.and_then(|program| Path::new(program).file_name()).and_then(OsStr::to_str) {
            Some("netdatacli") => Self::Netdatacli,
            Some("netdata") => Self::Netdata,
            Some("netdata-claim.sh" | "netdata-claim") => Self::ClaimScript,
            _ => Self::Aclk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Name;
    use std::ffi::OsStr;

    #[test]
    fn the_name_of_the_file_counts_and_not_its_folder() {
        let name = |text: &str| Name::of(Some(OsStr::new(text)));
        assert_eq!((name("netdatacli"), name("/usr/sbin/netdatacli")), (Name::Netdatacli, Name::Netdatacli));
        assert_eq!((name("netdata"), name("/usr/sbin/netdata")), (Name::Netdata, Name::Netdata));
        assert_eq!(name("/usr/sbin/netdata-claim.sh"), Name::ClaimScript);
        assert_eq!(name("netdata-claim"), Name::ClaimScript);
        assert_eq!((name("aclk"), name("/opt/netdatacli/aclk"), name("")), (Name::Aclk, Name::Aclk, Name::Aclk));
        assert_eq!(Name::of(None), Name::Aclk);
    }
}
