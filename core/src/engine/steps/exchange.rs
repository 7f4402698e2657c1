//! One HTTP request and its reply, on a connection of its own.

use super::{Delay, Step, Trouble};
use crate::claim::reply::Status;
use crate::clock::Instant;
use crate::engine::context::{Buffer, Context, Item};
use crate::engine::event::Answer;
use crate::link::error::{ErrorBody, RETRY_DELAY_MAX};
use crate::link::otp::Credentials;
use crate::settings::Settings;
use crate::stage::{Failure, Purpose, Stage};
use crate::store::Claim;
use crate::transport::ADDRESSES;
use crate::wire::buffer::{Full, Writer};
use crate::wire::http::Decoder;
use crate::wire::url::Url;
use core::time::Duration;

/// The name the requests carry.
pub(super) const USER_AGENT: &str = concat!("aclk/", env!("CARGO_PKG_VERSION"));

/// What is asked, and what the reply means.
pub(in crate::engine) trait Request: Sized {
    const PURPOSE: Purpose;

    /// Writes the request to `draft`; `draft.scratch` is room for a body.
    fn write(&self, draft: Draft<'_, '_>) -> Result<(), Full>;

    /// Takes the complete reply. The connection is being closed already.
    fn on_reply<B: Buffer>(self, cx: &mut Context<B>, reply: &Reply) -> Result<Step, Trouble>;
}

/// Writes a request.
pub(in crate::engine) type Write<'w> = &'w mut dyn FnMut(Draft<'_, '_>) -> Result<(), Full>;

/// Where a request is written, and what it is about.
pub(in crate::engine) struct Draft<'d, 'w> {
    pub(in crate::engine) w: &'d mut Writer<'w>,
    /// Room for a body. It is wiped afterwards.
    pub(in crate::engine) scratch: &'d mut [u8],
    pub(in crate::engine) url: &'d Url,
    pub(in crate::engine) settings: &'d Settings,
    pub(in crate::engine) target: &'d Claim,
}

/// A complete reply. Its body lies at the start of the receive buffer.
pub(in crate::engine) struct Reply {
    pub(super) status: u16,
    body_len: usize,
    retry_after: Option<u32>,
}

impl Reply {
    /// The complete reply that `decoder` has put into `storage`.
    pub(super) fn of(decoder: &Decoder, storage: &[u8]) -> Self {
        let body_len = decoder.body(storage).len();
        Self { status: decoder.status(), body_len, retry_after: decoder.retry_after() }
    }

    /// The body, and scratch space: the send buffer, which is idle now.
    pub(super) fn body<'c, B: Buffer>(&self, cx: &'c mut Context<B>) -> (&'c [u8], &'c mut [u8]) {
        cx.drop_unsent();
        (cx.rx.as_ref().get(..self.body_len).unwrap_or_default(), cx.tx.as_mut())
    }

    /// The same, and where credentials from it stay.
    pub(super) fn body_for_credentials<'c, B: Buffer>(
        &self,
        cx: &'c mut Context<B>,
    ) -> (&'c [u8], &'c mut [u8], &'c mut Option<Credentials>) {
        cx.drop_unsent();
        let body = cx.rx.as_ref().get(..self.body_len).unwrap_or_default();
        (body, cx.tx.as_mut(), &mut cx.credentials)
    }

    pub(super) fn error_body<B: Buffer>(&self, cx: &mut Context<B>) -> ErrorBody {
        let (body, scratch) = self.body(cx);
        ErrorBody::parse(body, scratch)
    }

    /// When the server wants to be asked again.
    pub(super) fn delay(&self, body: &ErrorBody) -> Delay {
        if body.bans() {
            return Delay::Never;
        }
        if let Some(delay) = body.retry_delay() {
            return Delay::After(delay);
        }
        match self.retry_after {
            Some(seconds) if seconds > 0 => Delay::AtLeast(Duration::from_secs(seconds.into()).min(RETRY_DELAY_MAX)),
            _ => Delay::Backoff,
        }
    }

    /// The trouble that a reply with an unexpected status is.
    pub(super) fn refusal<B: Buffer>(&self, cx: &mut Context<B>, purpose: Purpose) -> Trouble {
        let body = self.error_body(cx);
        let failure = if body.key.is_empty() && body.message.is_empty() {
            Failure::new(Stage::Http, Status(self.status))
        } else {
            Failure::new(Stage::Http, format_args!("{}: {}", Status(self.status), body.words()))
        };
        Trouble::new(failure.on(purpose).said(body.said(self.status)), self.delay(&body))
    }
}

/// A request on its way.
pub(in crate::engine) struct Exchange<R> {
    request: R,
    wait: Wait,
}

/// What an exchange waits for, whatever is asked.
pub(in crate::engine) struct Wait {
    purpose: Purpose,
    state: State,
    deadline: Instant,
}

enum State {
    Connecting,
    Awaiting(Decoder),
}

impl<R: Request> Exchange<R> {
    /// Asks for a connection.
    pub(super) fn start<B: Buffer>(cx: &mut Context<B>, request: R) -> Self {
        Self { request, wait: Wait::start(cx, R::PURPOSE) }
    }

    pub(in crate::engine) const fn wait(&self) -> &Wait {
        &self.wait
    }

    pub(in crate::engine) const fn wait_mut(&mut self) -> &mut Wait {
        &mut self.wait
    }

    pub(in crate::engine) fn on_connected<B: Buffer>(&mut self, cx: &mut Context<B>) -> Result<(), Trouble> {
        let Self { request, wait } = self;
        wait.on_connected(cx, &mut |draft| request.write(draft))
    }

    /// Makes the step that follows from the complete reply.
    // One for each request, none of which is a part of the caller.
    #[inline(never)]
    pub(in crate::engine) fn on_complete<B: Buffer>(self, cx: &mut Context<B>) -> Result<Step, Trouble> {
        let Some(reply) = self.wait.complete(cx) else { return Ok(Step::Idle) };
        let step = self.request.on_reply(cx, &reply);
        cx.wipe_received(reply.body_len);
        step
    }
}

impl Wait {
    fn start<B: Buffer>(cx: &mut Context<B>, purpose: Purpose) -> Self {
        cx.connect(purpose);
        let patience = cx.settings.timing.connect(ADDRESSES as u32, cx.settings.proxy.is_some());
        Self { purpose, state: State::Connecting, deadline: cx.after(patience) }
    }

    pub(in crate::engine) const fn deadline(&self) -> Instant {
        self.deadline
    }

    #[inline(never)]
    fn on_connected<B: Buffer>(&mut self, cx: &mut Context<B>, write: Write<'_>) -> Result<(), Trouble> {
        let State::Connecting = self.state else { return Ok(()) };
        cx.begin_stage();
        if let Err(error) = cx.send_request(write) {
            return Err(self.failure(Stage::Config, format_args!("the {} request {error}", self.purpose)));
        }
        self.state = State::Awaiting(Decoder::new());
        self.deadline = cx.after(cx.settings.timing.http);
        Ok(())
    }

    /// Takes received bytes; yields how many were taken, and whether the reply is complete.
    pub(in crate::engine) fn on_bytes<B: Buffer>(
        &mut self,
        cx: &mut Context<B>,
        bytes: &[u8],
    ) -> Result<(usize, bool), Trouble> {
        let State::Awaiting(decoder) = &mut self.state else { return Ok((bytes.len(), false)) };
        match decoder.receive(cx.rx.as_mut(), bytes) {
            Ok(taken) => {
                cx.count_received(taken);
                Ok((taken, decoder.is_complete()))
            }
            // Who answers like that once does so again. It is worth a try only where nobody is there to look into it.
            Err(error) => {
                Err(Trouble { delay: Delay::UnlessCounted, ..self.failure(Stage::Http, format_args!("{error}")) })
            }
        }
    }

    /// The complete reply; the connection is not needed any more.
    fn complete<B: Buffer>(&self, cx: &mut Context<B>) -> Option<Reply> {
        let State::Awaiting(decoder) = &self.state else { return None };
        cx.push(Item::Answer(answer(decoder, self.purpose)));
        cx.end_stage(Stage::Http, Some(self.purpose));
        cx.disconnect();
        Some(Reply::of(decoder, cx.rx.as_ref()))
    }

    /// The peer ended the connection before the reply was complete.
    pub(in crate::engine) fn on_ended(&mut self) -> Trouble {
        let error = match &mut self.state {
            State::Connecting => None,
            State::Awaiting(decoder) => decoder.end_of_stream().err(),
        };
        match error {
            Some(error) => self.failure(Stage::Http, format_args!("{error}")),
            None => self.failure(Stage::Tls, format_args!("the peer closed the connection")),
        }
    }

    pub(in crate::engine) fn on_timeout<B: Buffer>(&self, cx: &Context<B>) -> Trouble {
        match &self.state {
            State::Connecting => self.failure(Stage::Tcp, format_args!("the connection took too long")),
            State::Awaiting(_) => {
                let seconds = cx.settings.timing.http.as_secs();
                self.failure(Stage::Http, format_args!("no complete reply within {seconds} s"))
            }
        }
    }

    /// Whether the request is on its way, so that it may have had its effect.
    pub(in crate::engine) const fn is_sent(&self) -> bool {
        matches!(self.state, State::Awaiting(_))
    }

    pub(in crate::engine) const fn purpose(&self) -> Purpose {
        self.purpose
    }

    fn failure(&self, stage: Stage, cause: core::fmt::Arguments<'_>) -> Trouble {
        Failure::new(stage, cause).on(self.purpose).into()
    }
}

/// What a complete head says.
pub(super) fn answer(decoder: &Decoder, purpose: Purpose) -> Answer {
    Answer { purpose, status: decoder.status(), date: decoder.date() }
}
