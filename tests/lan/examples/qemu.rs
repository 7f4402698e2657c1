//! The network of an emulated board: QEMU's network card is plugged into the cable, by a socket.
//!
//! ```text
//! cargo run -p aclk-lan --example qemu -- SOCKET
//! qemu-system-arm … -netdev stream,id=lan,server=off,addr.type=unix,addr.path=SOCKET -net nic,netdev=lan,macaddr=02:00:00:00:00:42
//! ```
//!
//! TCP connections to 10.77.0.1 go to the same port of 127.0.0.1. It prints `listening`, takes one card after the other, and does what
//! it reads, a line each; when that is done it prints a line. It ends with its input.
//!
//! | line | does |
//! |---|---|
//! | `faults LOSS DUPLICATE REORDER` | sets the ratios of frames, in both directions |
//! | `down SECONDS` | swallows everything for so long, and says when that is over; the card does not notice |
//! | `clock SECONDS` | the time server tells a time that is ahead of this machine's (or behind, if less than 0) |
//! | `renew SECONDS` | whoever leases an address from now on renews that after so long |
//! | `revoke` | takes all leases back: a renewal is refused, and the next request gets another address |
//! | `address MAC` | tells the address that this card has leased, or `none` |
//! | `moved MAC ADDRESS` | waits until it has leased another one than this, and tells which |
//! | `counters` | tells how many frames were carried, lost, duplicated and reordered, both ways together |

use aclk_lan::host::{Handle, Host};
use aclk_lan::{Config, DeviceEnd, End, Faults, Frame, Lan, SntpFault};
use core::error::Error;
use core::net::Ipv4Addr;
use core::pin::pin;
use core::time::Duration;
use std::io::BufRead;
use std::time::SystemTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// Longer than any frame of the card.
const FRAME_MAX: usize = 65_535;
/// By how much a reordered frame is late: longer than the next one takes to come.
const HOLD: Duration = Duration::from_millis(20);
/// How often it is looked whether a card has another address.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let path = std::env::args().nth(1).ok_or("which socket?")?;
    let mut config = Config::default();
    config.sntp.unix_us = u64::try_from(SystemTime::UNIX_EPOCH.elapsed()?.as_micros())?;
    let (card, host) = Host::new(Lan::new(1, Faults::none(), config)?, [0x02, 0, 0, 0, 0, 0x42]);
    let handle = host.handle();
    let listener = UnixListener::bind(path)?;
    println!("listening");
    std::thread::spawn(move || obey(&handle));
    tokio::select! {
        () = host.run() => Err("the network has ended".into()),
        result = serve(&listener, card) => result,
    }
}

/// Does what the lines of the input say, and ends the program with them.
fn obey(handle: &Handle) {
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        match answer(handle, &line) {
            Ok(text) => println!("{text}"),
            Err(error) => println!("error: {line}: {error}"),
        }
    }
    std::process::exit(0);
}

fn answer(handle: &Handle, line: &str) -> Outcome<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["faults", loss, duplicate, reorder] => {
            let (loss, duplicate, reorder) = (loss.parse()?, duplicate.parse()?, reorder.parse()?);
            let faults = Faults { loss, duplicate, reorder, hold: HOLD, ..Faults::none() };
            handle.with(|lan, _| lan.cable.set_faults(faults));
        }
        ["down", seconds] => {
            let long = Duration::from_secs(seconds.parse()?);
            handle.with(|lan, _| lan.cable.unplug());
            // This is the fault itself.
            std::thread::sleep(long);
            handle.with(|lan, _| lan.cable.plug());
        }
        ["clock", seconds] => {
            let ahead = seconds.parse()?;
            handle.with(|lan, _| lan.router.services().sntp.fault = Some(SntpFault::Off(ahead)));
        }
        ["renew", seconds] => {
            let after = Duration::from_secs(seconds.parse()?);
            handle.with(|lan, _| lan.router.services().dhcp.renew = Some(after));
        }
        ["revoke"] => handle.with(|lan, _| lan.router.revoke_leases()),
        ["address", mac] => {
            let leased = leased(handle, mac)?;
            return Ok(leased.map_or_else(|| "none".to_owned(), |address| address.to_string()));
        }
        ["moved", mac, before] => {
            let before: Ipv4Addr = before.parse()?;
            loop {
                if let Some(address) = leased(handle, mac)?.filter(|address| *address != before) {
                    return Ok(address.to_string());
                }
                std::thread::sleep(LOOK_AGAIN);
            }
        }
        ["counters"] => {
            let [out, back] = handle.with(|lan, _| [End::Device, End::Router].map(|end| lan.cable.counters(end)));
            return Ok(format!(
                "{} frames, {} lost, {} duplicated, {} reordered",
                out.sent + back.sent,
                out.lost + back.lost,
                out.duplicated + back.duplicated,
                out.reordered + back.reordered
            ));
        }
        _ => return Err("that means nothing here".into()),
    }
    Ok("done".to_owned())
}

/// The address that the card `mac` has leased.
fn leased(handle: &Handle, mac: &str) -> Outcome<Option<Ipv4Addr>> {
    let bytes: Vec<u8> = mac.split(':').map(|byte| u8::from_str_radix(byte, 16)).collect::<Result<_, _>>()?;
    let mac = bytes.try_into().map_err(|_| "not six bytes")?;
    Ok(handle.with(|lan, now| lan.router.leased_to(mac, now)))
}

/// Plugs one card after the other in.
async fn serve(listener: &UnixListener, mut card: DeviceEnd) -> Outcome<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let (input, mut output) = stream.into_split();
        let mut incoming = pin!(read(input));
        loop {
            tokio::select! {
                frame = card.next_frame() => {
                    let frame = frame.ok_or("the network has ended")?;
                    // A card that is switched off meanwhile: the other branch sees the end.
                    let _ = write(&mut output, &frame).await;
                }
                frame = &mut incoming => {
                    let Some((frame, input)) = frame else { break };
                    card.send_frame(frame).await;
                    incoming.set(read(input));
                }
            }
        }
    }
}

/// The next frame of QEMU's, and what it came from. `None` when the emulated machine is switched off.
async fn read(mut input: OwnedReadHalf) -> Option<(Frame, OwnedReadHalf)> {
    let len = usize::try_from(input.read_u32().await.ok()?).ok().filter(|len| *len <= FRAME_MAX)?;
    let mut frame = vec![0; len];
    input.read_exact(&mut frame).await.ok()?;
    Some((frame, input))
}

/// Hands a frame to QEMU, which puts its length in front, in four bytes, as well.
async fn write(output: &mut OwnedWriteHalf, frame: &[u8]) -> std::io::Result<()> {
    output.write_u32(u32::try_from(frame.len()).map_err(std::io::Error::other)?).await?;
    output.write_all(frame).await
}
