//! What `aclk fleet` is asked for.

use super::admin::Admin;
use crate::args::Args;
use crate::fault::Fault;
use crate::manual::pages;
use aclk_core::secret::Secret;
use aclk_core::settings::TOKEN_MAX;
use aclk_core::wire::url::Url;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// The most devices: each has an address of its own in 127.0.0.0/8, and a file.
pub(super) const DEVICES_MAX: usize = 1_000_000;

#[derive(Debug)]
pub(super) struct Options {
    /// How many devices.
    pub(super) devices: usize,
    /// The Cloud's base URL.
    pub(super) cloud: Url,
    /// How the devices become nodes.
    pub(super) entry: Entry,
    /// The administrator's API of the Cloud.
    pub(super) admin: Option<Admin>,
    /// Whom the devices trust, unless the administrator says; the authorities of the system without it.
    pub(super) ca: Option<PathBuf>,
    /// Keys, which the devices share.
    pub(super) keys: usize,
    /// Devices that may be on their way to their first link at a time.
    pub(super) at_once: usize,
    /// How long all stay online.
    pub(super) hold: Duration,
    /// How long the Cloud is away when it is restarted after that; it is not, without.
    pub(super) restart: Option<Duration>,
    /// How long all may take to come online.
    pub(super) patience: Duration,
    /// Where the time series goes.
    pub(super) series: Option<PathBuf>,
    pub(super) json: bool,
}

/// How a device becomes a node.
#[derive(Debug)]
pub(super) enum Entry {
    /// It claims with this token.
    Claim { token: Secret<TOKEN_MAX>, rooms: String },
    /// The Cloud is told of it.
    Injected,
}

impl Options {
    /// `None` if help is asked for.
    pub(super) fn parse(arguments: Vec<OsString>) -> Result<Option<Self>, Fault> {
        let (mut devices, mut cloud, mut token, mut rooms, mut admin) = (None, None, None, String::new(), None);
        let (mut ca, mut series, mut json, mut restart) = (None, None, false, None);
        let (mut keys, mut at_once, mut hold, mut patience) = (32, 64, 60, 1_800);
        let mut args = Args::of(&pages::FLEET, arguments);
        while let Some(argument) = args.next()? {
            match argument.name() {
                "help" | "h" => return Ok(None),
                "json" => {
                    argument.flag()?;
                    json = true;
                }
                "devices" => devices = Some(number("--devices", &argument.value()?, 1, DEVICES_MAX)?),
                "cloud" => cloud = Some(url(&argument.value()?)?),
                "token" => token = Some(Secret::copy_of(argument.value()?.trim().as_bytes()).map_err(Fault::usage)?),
                "rooms" => rooms = argument.value()?.trim().to_owned(),
                "admin" => admin = Some(Admin::parse(&argument.value()?)?),
                "ca" => ca = Some(PathBuf::from(argument.value()?.as_str())),
                "keys" => keys = number("--keys", &argument.value()?, 1, 1_000)?,
                "at-once" => at_once = number("--at-once", &argument.value()?, 1, DEVICES_MAX)?,
                "hold" => hold = number("--hold", &argument.value()?, 0, 1_000_000)?,
                "restart-cloud" => restart = Some(number("--restart-cloud", &argument.value()?, 0, 3_600)?),
                "patience" => patience = number("--patience", &argument.value()?, 1, 1_000_000)?,
                "series" => series = Some(PathBuf::from(argument.value()?.as_str())),
                _ => return Err(argument.unknown()),
            }
        }
        let missing = |what, hint: &str| args.wrong(what).hint(hint);
        let devices = devices.ok_or_else(|| missing("--devices is missing", "say how many, as in --devices 1000"))?;
        let cloud = cloud.ok_or_else(|| {
            missing(
                "--cloud is missing",
                "give the URL that \"aclk cloud\" prints, as in --cloud https://localhost:8443",
            )
        })?;
        let entry = match token {
            Some(token) => Entry::Claim { token, rooms },
            None if admin.is_some() => Entry::Injected,
            None => {
                let hint = "\"aclk cloud\" prints a token, and the page and credential of its administrator";
                return Err(missing("neither --token nor --admin: no device can become a node", hint));
            }
        };
        if restart.is_some() && admin.is_none() {
            return Err(missing("--restart-cloud needs --admin", "only an administrator can have the Cloud restart"));
        }
        let seconds = |count: usize| Duration::from_secs(count as u64);
        Ok(Some(Self {
            devices,
            cloud,
            entry,
            admin,
            ca,
            keys: keys.min(devices),
            at_once,
            hold: seconds(hold),
            restart: restart.map(seconds),
            patience: seconds(patience),
            series,
            json,
        }))
    }
}

fn number(option: &str, text: &str, least: usize, most: usize) -> Result<usize, Fault> {
    let number = text.trim().parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| Fault::usage(format_args!("{option} is not a number from {least} to {most}")))
}

fn url(text: &str) -> Result<Url, Fault> {
    Url::parse(text.trim())
        .map_err(|error| Fault::usage(format_args!("--cloud: {error}")).hint("it looks like https://localhost:8443"))
}
