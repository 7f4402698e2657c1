//! A device that a person claims at its serial console, and what it lives through until it is unclaimed.

use super::steps::Steps;
use super::{
    CLAIMED, Device, GUID, HOSTNAME, KEY_PATIENCE, LIVE, Machine, PATIENCE, Problem, Scene, asked, forgotten,
    online_again, panicked_in,
};

pub(super) fn tell(scene: &Scene<'_>) -> Result<(), Problem> {
    let Scene { cloud, folder, key, .. } = scene;
    println!("a device that a person claims at its serial console");
    let mut step = Steps::new();
    let device = Device { hostname: HOSTNAME, guid: GUID, key: *key, ..Device::default() };
    device.provision(cloud, folder)?;
    let mut device = scene.switch_on()?;
    device.expect("config: ", PATIENCE)?;
    step.done("it boots and gets an address by DHCP");
    device.type_line("status")?;
    device.expect("none: the device is not claimed", PATIENCE)?;
    step.done("it says that it is not claimed");

    device.type_line(&format!("claim {} {} {}", cloud.token, cloud.rooms, cloud.url))?;
    device.expect("the order is kept: claiming", PATIENCE)?;
    if key.is_none() {
        let said = device.expect("key: 2 of 2 primes", KEY_PATIENCE)?;
        step.done(&format!("it makes its key: {}", said.last().map_or("", String::as_str)));
    }
    device.expect(&format!("{CLAIMED} {GUID}"), PATIENCE)?;
    step.done("it is claimed: TLS with the whole chain checked, and its key is kept first");
    device.expect("online", PATIENCE)?;
    step.done("it proves its key and comes online");
    device.expect(LIVE, PATIENCE)?;
    step.done("the Cloud takes it for a live node");
    if device.has_said(&cloud.token) {
        return Err(device.problem("the token was shown on the console"));
    }
    asked(cloud, &device)?;
    step.done("it answers /api/v1/info, asked by the Cloud over the link");
    tell_memory(&mut device)?;

    device.type_line("reboot")?;
    online_again(&mut device)?;
    step.done("it reboots, and is online again without claiming");

    drop(device);
    let mut device = scene.switch_on()?;
    online_again(&mut device)?;
    step.done("power is cut; it comes back, and is online again without claiming");

    device.type_line("panic")?;
    let said = online_again(&mut device)?;
    let place = panicked_in(scene.image, &said).ok_or_else(|| device.problem("the place of the panic was not kept"))?;
    step.done(&format!("it panics, starts anew by itself, says where ({place}), and is online again"));
    asked(cloud, &device)?;
    step.done("it answers again");

    device.type_line("overflow")?;
    let said = online_again(&mut device)?;
    if !said.iter().any(|line| line.contains("ended in a panic") && line.contains("the stack of")) {
        return Err(device.problem("a stack that is too small was not named"));
    }
    step.done("its stack overflows: it starts anew by itself, says why, and is online again");

    device.type_line("unclaim")?;
    device.expect("unclaimed: ", PATIENCE)?;
    forgotten(cloud, &device)?;
    step.done("it is unclaimed, tells the Cloud, and the Cloud forgets it");
    tell_memory(&mut device)?;
    device.type_line("reboot")?;
    device.expect("FOR TESTS", PATIENCE)?;
    device.expect("config: ", PATIENCE)?;
    device.type_line("status")?;
    let said = device.expect("none: the device is not claimed", PATIENCE)?;
    if said.iter().any(|line| line.contains(GUID)) {
        return Err(device.problem("it was unclaimed, and is still the same device"));
    }
    step.done("it reboots, and has forgotten who it was");
    Ok(())
}

/// Prints what of the memory was in use.
fn tell_memory(device: &mut Machine) -> Result<(), Problem> {
    device.type_line("memory")?;
    let said = device.expect("memory:", PATIENCE)?;
    println!("             {}", said.last().map_or("", String::as_str));
    Ok(())
}
