//! The life of a device, told by the real firmware in an emulated machine.

mod by_hand;
pub(super) mod faults;
mod local;
mod steps;

use super::emulated_cloud::{Cloud, HOST, member, number};
use super::factory::Device;
use super::machine::{Machine, fresh};
use super::{Board, Life, image};
use crate::process::{Problem, root};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use steps::Steps;

/// What the emulated device is called.
pub(crate) const HOSTNAME: &str = "emulated-board";
pub(crate) const GUID: &str = "5f0c3a7e-2b1d-4c6e-8f9a-0000000a0386";
/// How long each step may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// The same for making a key: some 10^9 instructions.
pub(crate) const KEY_PATIENCE: Duration = Duration::from_secs(900);
/// What the console says of a device that was claimed.
const CLAIMED: &str = "claimed as";
/// What it says of a node whose link is up, and that the Cloud has taken in.
pub(crate) const LIVE: &str = "live as node";

/// Tells it, a line for each step. `chain` is the kind of the Cloud's keys.
pub(crate) fn tell(board: &Board, image: &Path, key: Option<&Path>, chain: &str) -> Result<(), Problem> {
    let Some(machine) = board.qemu else {
        return Err(Problem::Usage(format!("{} is not a board of QEMU", board.name)));
    };
    let folder = fresh(root().join("target/firmware").join(board.name))?;
    if board.life == Life::Local {
        return local::tell(board, machine, image, &folder);
    }
    let cloud = Cloud::start_as(HOST, &format!("--key {chain}"))?;
    println!("\n{} in QEMU, and the emulated Cloud at {}", board.name, cloud.url);
    let scene = Scene { machine, image, folder, cloud, key };
    by_hand::tell(&scene)?;
    out_of_the_factory(&scene)
}

/// Where it takes place.
struct Scene<'s> {
    /// The machine of QEMU.
    machine: &'s str,
    image: &'s Path,
    /// What the device keeps when it is off.
    folder: PathBuf,
    cloud: Cloud,
    /// Its private key, if it was given one.
    key: Option<&'s Path>,
}

impl Scene<'_> {
    fn switch_on(&self) -> Result<Machine, Problem> {
        Machine::switch_on(self.machine, self.image, &self.folder)
    }
}

/// A device that knows what to do when it is switched on for the first time.
fn out_of_the_factory(scene: &Scene<'_>) -> Result<(), Problem> {
    let Some(key) = scene.key else { return Ok(()) };
    println!("a device that comes from the factory with a token");
    let mut step = Steps::new();
    let device = Device { hostname: HOSTNAME, guid: GUID, has_token: true, key: Some(key), claimed: "" };
    device.provision(&scene.cloud, &scene.folder)?;
    let mut board = scene.switch_on()?;
    board.expect(&format!("{CLAIMED} {GUID}"), PATIENCE)?;
    board.expect(LIVE, PATIENCE)?;
    step.done("it claims itself as soon as it is switched on, and becomes live");
    drop(board);

    println!("a device that comes from the factory with an identity");
    let device = Device { has_token: false, claimed: GUID, ..device };
    device.provision(&scene.cloud, &scene.folder)?;
    let mut board = scene.switch_on()?;
    online_again(&mut board)?;
    step.done("it is online as soon as it is switched on, without claiming");
    asked(&scene.cloud, &board)?;
    step.done("it answers /api/v1/info, asked by the Cloud over the link");
    Ok(())
}

/// The function in which the device panicked because it was asked to, by the address that it kept. `None` if it kept none, or
/// that of another function.
fn panicked_in(image: &Path, said: &[String]) -> Option<&'static str> {
    const ON_DEMAND: &str = "panic_on_demand";
    let address = said.iter().find_map(|line| line.split_once("ended in a panic: panicked at 0x")?.1.get(..8))?;
    let address = u32::from_str_radix(address, 16).ok()?;
    let bytes = image::read(image).ok()?;
    let code = image::parse(image, &bytes).ok()?.code()?;
    let function = code.functions.into_iter().find(|function| function.range.contains(&address))?;
    function.name.contains(ON_DEMAND).then_some(ON_DEMAND)
}

/// The Cloud asks the device, over its link, who it is.
pub(crate) fn asked(cloud: &Cloud, device: &Machine) -> Result<(), Problem> {
    let path = format!("/api/nodes/{GUID}/query");
    let reply = cloud.ask("POST", &path, r#"{"path":"/api/v1/info"}"#)?;
    // The body of the answer is text inside the JSON of the reply.
    let is_it = reply.status == 200 && reply.body.contains("\"code\":200") && reply.body.contains(HOSTNAME);
    if is_it { Ok(()) } else { Err(device.problem(&format!("/api/v1/info over the link: {reply:?}"))) }
}

/// Waits until the device has started and is online, and sees to it that it has not claimed itself.
fn online_again(device: &mut Machine) -> Result<Vec<String>, Problem> {
    let mut said = device.expect("FOR TESTS", PATIENCE)?;
    said.extend(device.expect(LIVE, PATIENCE)?);
    if said.iter().any(|line| line.contains(CLAIMED)) {
        return Err(device.problem("it was claimed already, and claims again"));
    }
    Ok(said)
}

/// How the Cloud sees the node; `None` if it has none.
fn state(cloud: &Cloud) -> Result<Option<String>, Problem> {
    let reply = cloud.ask("GET", &format!("/api/nodes/{GUID}"), "")?;
    match reply.status {
        404 => Ok(None),
        200 => Ok(Some(member(&reply.body, "state").unwrap_or("?").to_owned())),
        _ => Err(Problem::Findings(vec![format!("the administrator's API says {reply:?}")])),
    }
}

/// Waits until the Cloud has the node no more.
fn forgotten(cloud: &Cloud, device: &Machine) -> Result<(), Problem> {
    let begun = Instant::now();
    let mut after = 0;
    while let Some(state) = state(cloud)? {
        if begun.elapsed() > PATIENCE {
            return Err(device.problem(&format!("it is unclaimed, and the Cloud still has the node, {state}")));
        }
        // Whatever happens next may be that.
        let events = cloud.ask("GET", &format!("/api/events?after={after}&wait=5&limit=1000"), "")?;
        after = number(&events.body, "next").unwrap_or(after);
    }
    Ok(())
}
