//! A device whose network goes wrong below TCP, and whose clock is not set: each time it comes back by itself.

use super::steps::Steps;
use super::{CLAIMED, Device, GUID, HOSTNAME, KEY_PATIENCE, LIVE, Machine, PATIENCE, Problem, asked};
use crate::firmware::Board;
use crate::firmware::emulated_cloud::Cloud;
use crate::firmware::machine::fresh;
use crate::firmware::network::{Network, ROUTER, free_port, from_root, offer_time};
use crate::process::root;
use std::path::Path;

/// One of twenty frames is lost, one comes twice, one is overtaken, both ways.
const BAD: &str = "faults 0.05 0.05 0.05";
const GOOD: &str = "faults 0 0 0";
/// The certificate of the Cloud begins to be valid 397 days from now, and ends 794 days from now.
const CERTIFICATE: &str = "--fault tls-not-yet-valid";
/// What the time server says first: it is ten years ago, before the firmware was built, ...
const PAST: &str = "clock -315360000";
/// ... and then: it is 500 days later than now.
const FUTURE: &str = "clock 43200000";
/// A lease is renewed after so many seconds.
const RENEWAL: &str = "renew 10";
/// How long the cable swallows everything.
const OUTAGE: &str = "down 30";

pub(crate) fn tell(board: &Board, machine: &str, image: &Path) -> Result<(), Problem> {
    println!("\n{} in QEMU, on a cable with faults", board.name);
    let folder = fresh(root().join("target/firmware").join(format!("{}-faults", board.name)))?;
    let place = from_root(&folder);
    let mut network = Network::start(&place)?;
    offer_time(&folder)?;
    let listen = free_port()?;
    let options = format!("--listen 127.0.0.1:{listen} --state {place}/cloud {CERTIFICATE}");
    let start_cloud = || Cloud::start_as(&ROUTER.to_string(), &options);
    let switch_on = |network: &Network| Machine::switch_on_with(machine, image, &folder, &network.options());
    let cloud = start_cloud()?;
    let device = Device { hostname: HOSTNAME, guid: GUID, has_token: true, ..Device::default() };
    device.provision(&cloud, &folder)?;

    let mut step = Steps::new();
    network.tell(PAST)?;
    let mut device = switch_on(&network)?;
    device.expect("tells a time before this program was built", PATIENCE)?;
    step.done("it asks for the time, and does not believe that it is earlier than its firmware");
    network.tell(BAD)?;
    device.expect("key: 1 of 2 primes", KEY_PATIENCE)?;
    drop(cloud);
    let cloud = start_cloud()?;
    device.expect("key: ready", KEY_PATIENCE)?;
    step.done("the Cloud is restarted while it makes its key");
    device.expect("certificate is not valid before", PATIENCE)?;
    step.done("it claims on a cable with faults, and does not accept a certificate that is not valid yet at the time of the build");

    drop(device);
    network.tell(GOOD)?;
    network.tell(FUTURE)?;
    let mut device = switch_on(&network)?;
    device.expect("clock: set by the time server", PATIENCE)?;
    network.tell(BAD)?;
    let said = device.expect(&format!("{CLAIMED} {GUID}"), PATIENCE)?;
    if said.iter().any(|line| line.contains("key: 1 of 2")) {
        return Err(device.problem("its key was made before the power was cut, and it makes another"));
    }
    step.done(
        "power is cut; the time server says that the certificate is valid: it is claimed with the key that it had",
    );
    device.expect(LIVE, PATIENCE)?;
    asked(&cloud, &device)?;
    step.done("5 % of frames lost, 5 % twice, 5 % out of order: it comes online and answers");
    suffered(&mut network)?;

    network.tell(OUTAGE)?;
    answers_again(&cloud, &mut device)?;
    step.done("the cable swallows everything for 30 s: it answers again");

    let first = network.address()?;
    // A renewal that is lost is tried again after hours.
    network.tell(GOOD)?;
    network.tell(RENEWAL)?;
    network.tell("revoke")?;
    network.plug_again()?;
    let second = moved(&mut network, &device, &first)?;
    step.done(&format!(
        "its cable is pulled, and put into another network at once: it was {first}, and becomes {second}"
    ));
    network.tell("revoke")?;
    let third = moved(&mut network, &device, &second)?;
    step.done(&format!("its lease is not renewed but refused: it was {second}, and becomes {third}"));
    network.tell(BAD)?;
    // The connection of the address that it had is dead, which it finds out with the next ping.
    device.expect(LIVE, PATIENCE)?;
    answers_again(&cloud, &mut device)?;
    step.done("it comes online from there, and answers");
    suffered(&mut network)
}

/// The Cloud asks the device. Where that does not reach it, it is waited for until it is live again, and then it has to.
fn answers_again(cloud: &Cloud, device: &mut Machine) -> Result<(), Problem> {
    if asked(cloud, device).is_ok() {
        return Ok(());
    }
    device.expect(LIVE, PATIENCE)?;
    asked(cloud, device)
}

/// Waits until the device has another address than `before`, and yields that.
fn moved(network: &mut Network, device: &Machine, before: &str) -> Result<String, Problem> {
    network.moved(before).map_err(|problem| device.problem(&format!("it keeps the address {before}: {problem}")))
}

/// Prints what the cable has done, and sees to it that it has done something of everything.
fn suffered(network: &mut Network) -> Result<(), Problem> {
    let said = network.tell("counters")?;
    println!("             {said}");
    if said.split(", ").any(|count| count.starts_with("0 ")) {
        return Err(Problem::Findings(vec![format!("the cable was too good: {said}")]));
    }
    Ok(())
}
