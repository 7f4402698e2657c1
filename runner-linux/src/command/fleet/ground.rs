//! What has to be there before the first device begins.

use super::identity::{self, Identity};
use super::network::CloudAddress;
use super::options::{Entry, Options};
use crate::fault::Fault;
use crate::random;
use crate::settings::{self, Given};
use crate::store::error::words;
use crate::trust::{self, Trust};
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::Key;
use aclk_core::settings::{Limits, Settings};
use aclk_core::stage::Stage;
use aclk_core::store::{Claim, Saved};
use serde_json::{Value, json};
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::rc::Rc;

/// Nodes that the Cloud is told of in one request.
const BATCH: usize = 500;

/// Where the Cloud is. It has to be on this machine: the addresses of the devices lead nowhere else, and nobody else's Cloud
/// is to be flooded.
pub(super) async fn cloud(options: &Options) -> Result<Rc<CloudAddress>, Fault> {
    let host = options.cloud.host();
    let found = tokio::net::lookup_host((host, 0))
        .await
        .map_err(|error| Fault::new(Stage::Dns, format_args!("cannot resolve {host:?}: {}", words(&error))))?;
    let found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    let here = found.iter().find_map(|address| match address {
        IpAddr::V4(address) if address.is_loopback() => Some(*address),
        _ => None,
    });
    let address: Ipv4Addr = here.ok_or_else(|| {
        Fault::usage(format_args!("{host:?} is not on this machine at 127.0.0.1"))
            .hint("a fleet is for an emulated Cloud on the same machine: start \"aclk cloud --state DIR --quiet\"")
    })?;
    Ok(Rc::new(CloudAddress { host: host.to_owned(), address }))
}

/// Whom the devices trust. They last as long as the program.
pub(super) async fn trust(options: &Options) -> Result<&'static Trust, Fault> {
    let trust = match (&options.ca, &options.admin) {
        (Some(path), _) => {
            let pem = fs::read(path)
                .map_err(|error| Fault::new(Stage::Storage, format_args!("{}: {}", path.display(), words(&error))))?;
            trust::only(Some(&pem), path)
        }
        (None, Some(admin)) => {
            trust::only(Some(admin.ca_pem().await?.as_bytes()), Path::new("the Cloud's certificate"))
        }
        (None, None) => trust::only(None, Path::new("the file of --ca")),
    };
    Ok(Box::leak(Box::new(trust?)))
}

/// All devices. Those that do not claim are known to the Cloud in the end.
pub(super) async fn devices(options: &Options) -> Result<Vec<Identity>, Fault> {
    let mut rng = random::rng()?;
    let keys = identity::keys(options.keys, &mut rng)?;
    let devices: Vec<Identity> =
        (0..options.devices).filter_map(|index| identity::device(index, &keys, &mut rng)).collect();
    let Some(admin) = options.admin.as_ref().filter(|_| matches!(options.entry, Entry::Injected)) else {
        return Ok(devices);
    };
    for batch in devices.chunks(BATCH) {
        let nodes: Result<Vec<Value>, Fault> = batch.iter().map(node).collect();
        admin.inject(nodes?).await?;
    }
    Ok(devices)
}

fn node(device: &Identity) -> Result<Value, Fault> {
    let public_key = device.key.public_pem().map_err(|error| Fault::new(Stage::Key, error))?;
    let id = device.id.to_string();
    Ok(json!({ "claimed_id": id, "hostname": device.hostname, "machine_guid": id, "public_key": public_key.as_str() }))
}

/// What one device is told, and what it knows.
pub(super) fn settings(options: &Options, id: Guid, hostname: &str) -> Result<(Settings, Saved), Fault> {
    let mut given = Given { url: Some(options.cloud.clone()), hostname: Some(hostname.to_owned()), ..Given::default() };
    let mut saved = Saved::default();
    match &options.entry {
        Entry::Claim { token, rooms } => {
            given.token = Some(token.clone());
            given.rooms = Some(rooms.clone());
        }
        Entry::Injected => saved.claimed = Some(Claim { id, url: options.cloud.clone() }),
    }
    let settings = settings::assemble(given, None, id)?;
    Ok((Settings { limits: Limits::DEVICE, ..settings }, saved))
}
