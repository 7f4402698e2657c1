//! The talk with a SOCKS5 proxy, step by step.

use super::{Context, Then};
use crate::message::Found;
use crate::message::socks::{Step, target};
use crate::stream::{Assembler, Chunk, Next, Side};
use crate::view::{Protocol, Via};

pub(crate) struct Socks {
    /// What comes next.
    step: Step,
    assembler: Assembler,
}

impl Default for Socks {
    fn default() -> Self {
        Self { step: Step::Greeting, assembler: Assembler::new(Protocol::Socks5) }
    }
}

impl Socks {
    pub(crate) const fn held(&self) -> usize {
        self.assembler.held()
    }

    pub(crate) fn feed(&mut self, side: Side, chunk: &mut Chunk, cx: &mut Context<'_>) -> Then {
        cx.about.via = Via::Socks5;
        let turn = match self.step {
            Step::Greeting | Step::Credentials | Step::Request => Side::Client,
            Step::Choice | Step::Verdict | Step::Reply => Side::Server,
        };
        if side != turn {
            return Then::Lost;
        }
        let step = self.step;
        let message = match self.assembler.next(chunk, cx.limits.message, cx.ring, |bytes| step.measure(bytes)) {
            Next::Whole(message) => message,
            Next::More => return Then::Stay,
            Next::Wrong => return Then::Lost,
        };
        let bytes = message.bytes();
        cx.add_with_secrets(&message, step.headline(bytes), Found::Socks(step));
        let second = bytes.get(1).copied().unwrap_or(0xff);
        self.step = match step {
            Step::Greeting => Step::Choice,
            Step::Choice if second == 2 => Step::Credentials,
            Step::Choice if second == 0 => Step::Request,
            Step::Credentials => Step::Verdict,
            Step::Verdict if second == 0 => Step::Request,
            Step::Request => {
                if let Some(host) = target(bytes) {
                    cx.about.name_host(host);
                }
                Step::Reply
            }
            Step::Reply if second == 0 => return Then::Tunnel,
            Step::Choice | Step::Verdict | Step::Reply => return Then::Lost,
        };
        Then::Stay
    }
}
