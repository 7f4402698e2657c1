//! The serial console: claim the device, ask how it is, unclaim it.
//!
//! **Whoever can type here is the administrator of the device.** There is no password: access to the console is the proof,
//! as a serial line or a USB port is inside a case. Do not offer it over a network.
//!
//! | command | does |
//! |---|---|
//! | `claim TOKEN [ROOMS] [URL]` | keeps the order in flash and claims; what was wished before then is replaced |
//! | `status` | how device and link are |
//! | `unclaim` | tells the Cloud, if there is a link; forgets claim, key, machine GUID and token; a flash that cannot be read is erased |
//! | `reboot` | says farewell, then starts anew |
//! | `help` | lists the commands |
//!
//! A product may have [`Commands`] of its own beside these: [`console_with`].
//!
//! Between the answers it says what happens, in the words of [`Stage`](aclk_core::stage::Stage) and
//! [`Failure`](aclk_core::stage::Failure). What is typed is echoed, but the second word of a line: that is where a token
//! is. Backspace takes a character back, Ctrl-C or Ctrl-U the line; lines end in CR, LF or both.

mod command;
mod desk;
mod line;
mod status;
#[cfg(test)]
mod tests;

pub use desk::{Desk, LINE_LEN, LINES_LEN, Wish};
pub use line::LINE_MAX;

use aclk_core::clock::Clock;
use aclk_core::identity::guid::Guid;
use aclk_core::metrics::Device;
use aclk_core::node::Node;
use aclk_core::text::Text;
use command::{HELP, Misspelt, Order};
use core::cell::RefCell;
use core::fmt;
use embassy_futures::select::{Either, select};
use embedded_io_async::{Read, Write};
use line::{Line, Typed};
use zeroize::Zeroize;

/// What can be typed for a product, beside what can be typed for every device.
pub trait Commands {
    /// What `help` says of them, a line each.
    const HELP: &'static [&'static str] = &[];

    /// Does what a line asks for, which is none of the commands above. Answers go to [`Desk::say`]. Whether it is known.
    fn obey(&mut self, line: &str, desk: &Desk) -> bool;
}

/// Nothing else can be typed.
impl Commands for () {
    fn obey(&mut self, _: &str, _: &Desk) -> bool {
        false
    }
}

/// Bytes that are read at a time.
const CHUNK: usize = 32;
const PROMPT: &[u8] = b"> ";

/// Serves a person behind `input` and `output` for as long as there is one: it never ends, and a line that is broken is
/// left alone. `input` has to stand that a read is given up.
pub async fn console(
    input: impl Read,
    output: impl Write,
    desk: &Desk,
    node: &RefCell<Node<dyn Device + '_>>,
    clock: &impl Clock,
) {
    console_with(input, output, desk, node, clock, &mut ()).await;
}

/// [`console`] of a product with commands of its own.
pub async fn console_with(
    input: impl Read,
    output: impl Write,
    desk: &Desk,
    node: &RefCell<Node<dyn Device + '_>>,
    clock: &impl Clock,
    commands: &mut impl Commands,
) {
    let mut terminal = Terminal { output, text: Text::new() };
    // Who has no terminal any more is not heard.
    let _ = serve(input, &mut terminal, desk, node, clock, commands).await;
    core::future::pending().await
}

async fn serve<I: Read, O: Write, C: Commands>(
    mut input: I,
    terminal: &mut Terminal<O>,
    desk: &Desk,
    node: &RefCell<Node<dyn Device + '_>>,
    clock: &impl Clock,
    commands: &mut C,
) -> Result<(), O::Error> {
    let mut line = Line::new();
    terminal.write(PROMPT).await?;
    loop {
        let mut chunk = [0; CHUNK];
        let read = match select(input.read(&mut chunk), desk.said()).await {
            Either::First(Ok(len @ 1..)) => chunk.get(..len).unwrap_or_default(),
            Either::First(_) => return Ok(()),
            Either::Second(()) => {
                if desk.next_line(&mut terminal.text) {
                    terminal.interrupt(&line).await?;
                }
                continue;
            }
        };
        for byte in read {
            match line.type_byte(*byte) {
                Typed::Nothing => {}
                Typed::Echo(byte) => terminal.write(&[byte]).await?,
                Typed::Erase => terminal.write(b"\x08 \x08").await?,
                Typed::Abandon => {
                    terminal.end_line(b"^C").await?;
                    terminal.write(PROMPT).await?;
                }
                ended @ (Typed::Line | Typed::TooLong) => {
                    terminal.end_line(b"").await?;
                    let task = match ended {
                        Typed::TooLong => Task::Explain(Misspelt::TooLong),
                        _ => decide(line.text(), desk, node, commands),
                    };
                    line.clear();
                    perform(task, terminal, desk, node, clock, C::HELP).await?;
                    terminal.write(PROMPT).await?;
                }
            }
        }
        chunk.zeroize();
    }
}

/// What is left to do about a line: small, because the future of the console keeps it.
enum Task {
    Nothing,
    Explain(Misspelt),
    AlreadyClaimed(Guid),
    Help,
    Status,
    /// A wish is on the desk; these words are for when it is fulfilled.
    Await(&'static str),
    Reboot,
}

/// Reads a line, and leaves on the desk what is for the application.
fn decide(
    line: Option<&str>,
    desk: &Desk,
    node: &RefCell<Node<dyn Device + '_>>,
    commands: &mut impl Commands,
) -> Task {
    match line.ok_or(Misspelt::NotText).and_then(Order::parse) {
        Err(Misspelt::Unknown) if line.is_some_and(|line| commands.obey(line.trim_ascii(), desk)) => Task::Nothing,
        Err(error) => Task::Explain(error),
        Ok(Order::Nothing) => Task::Nothing,
        Ok(Order::Help) => Task::Help,
        Ok(Order::Status) => Task::Status,
        Ok(Order::Claim(order)) => match node.borrow().status.link.claimed {
            Some(id) => Task::AlreadyClaimed(id),
            None => {
                desk.wish(Wish::Claim(order));
                Task::Await("the order is kept: claiming")
            }
        },
        Ok(Order::Unclaim) => {
            desk.wish(Wish::Unclaim);
            Task::Await("unclaimed: if the device was not online, the Cloud shows the node until it is removed there")
        }
        Ok(Order::Reboot) => Task::Reboot,
    }
}

async fn perform<O: Write>(
    task: Task,
    terminal: &mut Terminal<O>,
    desk: &Desk,
    node: &RefCell<Node<dyn Device + '_>>,
    clock: &impl Clock,
    more_help: &[&str],
) -> Result<(), O::Error> {
    match task {
        Task::Nothing => Ok(()),
        Task::Explain(error) => terminal.line(&error).await,
        Task::AlreadyClaimed(id) => terminal.line(&format_args!("already claimed as {id}: \"unclaim\" first")).await,
        Task::Help => {
            for line in HELP.iter().chain(more_help) {
                terminal.line(line).await?;
            }
            Ok(())
        }
        Task::Status => {
            for index in 0.. {
                if !status::line(&node.borrow().status, clock.now(), index, &mut terminal.text) {
                    break;
                }
                terminal.tell().await?;
            }
            Ok(())
        }
        Task::Await(words) => match desk.done().await {
            Ok(()) => terminal.line(&words).await,
            Err(error) => terminal.line(&format_args!("storage: {error}")).await,
        },
        Task::Reboot => {
            // Nobody is there to say it afterwards.
            terminal.line(&"rebooting").await?;
            desk.wish(Wish::Reboot);
            let _ = desk.done().await;
            Ok(())
        }
    }
}

/// Lines on a terminal.
struct Terminal<O> {
    output: O,
    /// The line that is being written: here, and in none of the futures that write it.
    text: Text<LINE_LEN>,
}

impl<O: Write> Terminal<O> {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), O::Error> {
        self.output.write_all(bytes).await?;
        self.output.flush().await
    }

    async fn end_line(&mut self, bytes: &[u8]) -> Result<(), O::Error> {
        self.output.write_all(bytes).await?;
        self.write(b"\r\n").await
    }

    fn line(&mut self, text: &dyn fmt::Display) -> impl Future<Output = Result<(), O::Error>> {
        self.text = Text::of(text);
        self.tell()
    }

    /// The line that is ready.
    async fn tell(&mut self) -> Result<(), O::Error> {
        self.output.write_all(self.text.as_str().as_bytes()).await?;
        self.write(b"\r\n").await
    }

    /// The line that is ready, in the middle of another one that is being typed.
    async fn interrupt(&mut self, typed: &Line) -> Result<(), O::Error> {
        self.output.write_all(b"\r\x1b[K").await?;
        self.tell().await?;
        self.output.write_all(PROMPT).await?;
        for byte in typed.shown() {
            self.output.write_all(&[byte]).await?;
        }
        self.output.flush().await
    }
}
