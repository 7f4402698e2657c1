//! A device that answers in its own network, and knows of no Cloud.

use super::steps::Steps;
use super::{Board, Machine, PATIENCE, Problem, panicked_in};
use crate::firmware::http;
use crate::firmware::network::free_port;
use std::path::Path;

/// The port of the local API.
const PORT: u16 = 19_999;

pub(super) fn tell(board: &Board, machine: &str, image: &Path, folder: &Path) -> Result<(), Problem> {
    println!("\n{} in QEMU, asked at its local API", board.name);
    let mut step = Steps::new();
    let port = free_port()?;
    let options = format!("-nic user,hostfwd=tcp:127.0.0.1:{port}-:{PORT}");
    let mut device = Machine::switch_on_with(machine, image, folder, &options)?;
    device.expect("config: ", PATIENCE)?;
    step.done("it boots and gets an address by DHCP");
    asked(board, port, &device)?;
    step.done("it answers /api/v1/info, and /api/v1/allmetrics with what it measures");
    device.type_line("m")?;
    let said = device.expect("memory:", PATIENCE)?;
    println!("             {}", said.last().map_or("", String::as_str));

    device.type_line("p")?;
    let said = device.expect("config: ", PATIENCE)?;
    let place = panicked_in(image, &said).ok_or_else(|| device.problem("the place of the panic was not kept"))?;
    asked(board, port, &device)?;
    step.done(&format!("it panics, starts anew by itself, says where ({place}), and answers again"));
    Ok(())
}

fn asked(board: &Board, port: u16, device: &Machine) -> Result<(), Problem> {
    let address = format!("127.0.0.1:{port}");
    for (path, wanted) in [("/api/v1/info", board.name), ("/api/v1/allmetrics?format=prometheus", "netdata_")] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        let reply = http::exchange(&address, &request)
            .map_err(|cause| device.problem(&format!("{path} of the local API: {cause}")))?;
        if reply.status != 200 || !reply.body.contains(wanted) {
            return Err(device.problem(&format!("{path} of the local API: {reply:?}")));
        }
    }
    Ok(())
}
