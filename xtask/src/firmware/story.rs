//! The life of a device, told by the real firmware in an emulated machine: from the factory to being unclaimed.

use super::Board;
use super::emulated_cloud::{Cloud, member, number};
use super::machine::{Machine, fresh, io};
use super::pem;
use crate::process::{Problem, root};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// What the emulated device is called.
const HOSTNAME: &str = "emulated-board";
const GUID: &str = "5f0c3a7e-2b1d-4c6e-8f9a-0000000a0386";
/// How long each step may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// The same for making a key: some 10^9 instructions.
const KEY_PATIENCE: Duration = Duration::from_secs(900);

/// Tells it, a line for each step.
pub(crate) fn tell(board: &Board, image: &Path, key: Option<&Path>) -> Result<(), Problem> {
    let Some(machine) = board.qemu else {
        return Err(Problem::Usage(format!("{} is not a board of QEMU", board.name)));
    };
    let folder = fresh(root().join("target/firmware").join(board.name))?;
    let cloud = Cloud::start()?;
    provision(&folder, &cloud, key)?;
    println!("\n{} in QEMU, and the emulated Cloud at {}", board.name, cloud.url);

    let mut step = Steps::new();
    let mut device = Machine::switch_on(machine, image, &folder)?;
    device.expect("network: config", PATIENCE)?;
    step.done("it boots and gets an address by DHCP");
    if key.is_none() {
        let said = device.expect("key made", KEY_PATIENCE)?;
        step.done(&format!("it makes its key: {}", said.last().map_or("", String::as_str)));
    }
    device.expect(&format!("claimed as {GUID}"), PATIENCE)?;
    step.done("it claims itself: TLS with the whole chain checked, and its key is kept first");
    device.expect(&format!("online as {GUID}"), PATIENCE)?;
    step.done("it proves its key and comes online");
    device.expect("live as the node", PATIENCE)?;
    step.done("the Cloud takes it for a live node");
    asked(&cloud, &device)?;
    step.done("it answers /api/v1/info, asked by the Cloud over the link");

    device.type_line("reboot")?;
    online_again(&mut device)?;
    step.done("it reboots, and is online again without claiming");

    drop(device);
    let mut device = Machine::switch_on(machine, image, &folder)?;
    online_again(&mut device)?;
    step.done("power is cut; it comes back, and is online again without claiming");

    device.type_line("panic")?;
    let said = online_again(&mut device)?;
    if !said.iter().any(|line| line.contains("ended in a panic") && line.contains("somebody asked for it")) {
        return Err(device.problem("the reason of the panic was not kept"));
    }
    step.done("it panics, starts anew by itself, says why, and is online again");
    asked(&cloud, &device)?;
    step.done("it answers again");

    device.type_line("overflow")?;
    let said = online_again(&mut device)?;
    if !said.iter().any(|line| line.contains("ended in a panic") && line.contains("the stack of")) {
        return Err(device.problem("a stack that is too small was not named"));
    }
    step.done("its stack overflows: it starts anew by itself, says why, and is online again");

    device.type_line("unclaim")?;
    device.expect("unclaimed", PATIENCE)?;
    forgotten(&cloud, &device)?;
    for name in ["claimed", "pending", "node_id", "token"] {
        if folder.join(name).exists() {
            return Err(device.problem(&format!("it is unclaimed, and `{name}` is still there")));
        }
    }
    step.done("it is unclaimed, tells the Cloud, and the Cloud forgets it");
    device.type_line("memory")?;
    let said = device.expect("memory:", PATIENCE)?;
    println!("  {}", said.last().map_or("", String::as_str));
    Ok(())
}

/// What a factory does.
fn provision(folder: &Path, cloud: &Cloud, key: Option<&Path>) -> Result<(), Problem> {
    let write = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, content).map_err(|cause| io("write", &path, cause))
    };
    let settings = format!("url={}\nhostname={HOSTNAME}\nguid={GUID}\nrooms={}\n", cloud.url, cloud.rooms);
    write("settings", settings.as_bytes())?;
    write("token", cloud.token.as_bytes())?;
    let authority = fs::read_to_string(&cloud.authority).map_err(|cause| io("read", &cloud.authority, cause))?;
    let der = pem::first(&authority)
        .ok_or_else(|| Problem::Findings(vec!["the authority of the emulated Cloud is no PEM file".to_owned()]))?;
    write("anchor.der", &der)?;
    match key {
        Some(key) => write("private.pem", &fs::read(key).map_err(|cause| io("read", key, cause))?),
        None => Ok(()),
    }
}

/// The Cloud asks the device, over its link, who it is.
fn asked(cloud: &Cloud, device: &Machine) -> Result<(), Problem> {
    let path = format!("/api/nodes/{GUID}/query");
    let reply = cloud.ask("POST", &path, r#"{"path":"/api/v1/info"}"#)?;
    // The body of the answer is text inside the JSON of the reply.
    let is_it = reply.status == 200 && reply.body.contains("\"code\":200") && reply.body.contains(HOSTNAME);
    if is_it { Ok(()) } else { Err(device.problem(&format!("/api/v1/info over the link: {reply:?}"))) }
}

/// Waits until the device has started and is online, and sees to it that it has not claimed itself again.
fn online_again(device: &mut Machine) -> Result<Vec<String>, Problem> {
    let mut said = device.expect("FOR TESTS", PATIENCE)?;
    said.extend(device.expect("live as the node", PATIENCE)?);
    if said.iter().any(|line| line.contains("claimed as") || line.contains("claim: ")) {
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

/// Prints what was done, and how long it took.
struct Steps {
    begun: Instant,
}

impl Steps {
    fn new() -> Self {
        Self { begun: Instant::now() }
    }

    fn done(&mut self, what: &str) {
        println!("  {:7.1} s  {what}", self.begun.elapsed().as_secs_f64());
        self.begun = Instant::now();
    }
}
