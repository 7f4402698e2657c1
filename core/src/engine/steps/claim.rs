//! The claim: key, mark, request, and what makes it durable.

use super::exchange::{Draft, Exchange, Reply, Request, USER_AGENT};
use super::login::EnvRequest;
use super::{Delay, Step, Trouble, after_giving_up, start};
use crate::claim::reply::Refusal;
use crate::claim::request;
use crate::engine::context::{Buffer, Context, Item, Phase};
use crate::engine::event::Goal;
use crate::identity::key::{KeyError, PublicPem};
use crate::stage::{Failure, Purpose, Stage};
use crate::store::Claim;
use crate::wire::buffer::{Full, Writer};
use crate::wire::http;

/// HTTP status of a claim that succeeded.
const CLAIMED: u16 = 204;
/// HTTP status of a claim for an id that is claimed.
const CONFLICT: u16 = 409;
/// What to do about a claim that was made and confirmed before.
const CLAIMED_HERE: &str = "this machine is claimed under this id already and nothing has changed; to claim it anew, remove the \
                            node in Netdata Cloud, or claim under a new id with -id=$(uuidgen)";

/// The driver looks for a key or makes one.
pub(in crate::engine) struct ExpectKey;

impl ExpectKey {
    pub(super) fn start<B: Buffer>(cx: &mut Context<B>) -> Step {
        cx.phase = Phase::Claim;
        cx.target = Claim { id: cx.settings.id, url: cx.settings.url.clone() };
        cx.maybe_claimed = cx.maybe_claimed || cx.saved.pending.as_ref() == Some(&cx.target);
        cx.begin_stage();
        cx.push(Item::NeedKey);
        Step::Key(Self)
    }

    pub(in crate::engine) fn on_key<B: Buffer>(self, cx: &mut Context<B>, public_pem: PublicPem, fresh: bool) -> Step {
        cx.end_stage(Stage::Key, None);
        if !fresh {
            return ExpectMark::start(cx, public_pem);
        }
        cx.push(Item::SaveKey);
        Step::KeySaved(ExpectKeySaved { public_pem })
    }

    pub(in crate::engine) fn on_failure(self, error: KeyError) -> Trouble {
        Trouble::new(Failure::new(Stage::Key, error), Delay::Never)
    }
}

/// The key becomes durable.
pub(in crate::engine) struct ExpectKeySaved {
    public_pem: PublicPem,
}

impl ExpectKeySaved {
    pub(in crate::engine) fn on_saved<B: Buffer>(self, cx: &mut Context<B>) -> Step {
        ExpectMark::start(cx, self.public_pem)
    }
}

/// The mark that a claim is under way becomes durable, so that a reply that is lost does not lose the claim.
pub(in crate::engine) struct ExpectMark {
    public_pem: PublicPem,
}

impl ExpectMark {
    fn start<B: Buffer>(cx: &mut Context<B>, public_pem: PublicPem) -> Step {
        if cx.saved.pending.as_ref() == Some(&cx.target) {
            return Self { public_pem }.on_saved(cx);
        }
        cx.push(Item::SavePending);
        Step::Mark(Self { public_pem })
    }

    pub(in crate::engine) fn on_saved<B: Buffer>(self, cx: &mut Context<B>) -> Step {
        cx.saved.pending = Some(cx.target.clone());
        Step::Claim(Exchange::start(cx, ClaimRequest { public_pem: self.public_pem }))
    }
}

/// `PUT /api/v1/spaces/nodes/{id}`.
pub(in crate::engine) struct ClaimRequest {
    public_pem: PublicPem,
}

impl Request for ClaimRequest {
    const PURPOSE: Purpose = Purpose::Claim;

    fn write(&self, draft: Draft<'_, '_>) -> Result<(), Full> {
        let id = draft.target.id;
        let mut body = Writer::new(draft.scratch);
        request::write_body(&mut body, id, draft.settings, &self.public_pem);
        let len = body.finish()?;
        http::Request {
            method: "PUT",
            target: format_args!("{}/api/v1/spaces/nodes/{id}", draft.url.path()),
            host: format_args!("{}", draft.url.host_header()),
            headers: &[("User-Agent", USER_AGENT), ("Content-Type", "application/json")],
            body: draft.scratch.get(..len),
        }
        .encode(draft.w);
        Ok(())
    }

    fn on_reply<B: Buffer>(self, cx: &mut Context<B>, reply: &Reply) -> Result<Step, Trouble> {
        if reply.status == CLAIMED {
            return Ok(ExpectClaimSaved::start(cx, false));
        }
        let body = reply.error_body(cx);
        let refusal = Refusal::of(body.key.as_str());
        // The status alone says so too, if something on the way has replaced the body.
        let is_claimed =
            refusal == Refusal::AlreadyClaimed || (refusal == Refusal::Unknown && reply.status == CONFLICT);
        if is_claimed && cx.maybe_claimed {
            return Ok(EnvRequest::start(cx));
        }
        let mut failure = refusal.failure(reply.status, &body);
        if is_claimed && cx.saved.claimed.as_ref() == Some(&cx.target) {
            // It may have been asked for another Space or other War Rooms, so this is no success either.
            failure = failure.hint(CLAIMED_HERE);
        }
        if refusal.may_pass(reply.status) && !body.bans() {
            // Whether such a claim took effect is unknown: the mark stays, and a later 409 is looked into. Who counts
            // attempts is there to see it, and only what is wrong with the Cloud itself is worth their while.
            let is_theirs = reply.status >= 500 || refusal.is_trouble_of_the_cloud();
            let delay =
                if is_theirs || cx.settings.claim_attempts.is_none() { reply.delay(&body) } else { Delay::Never };
            return Err(Trouble { refusal: Some(refusal), ..Trouble::new(failure, delay) });
        }
        if cx.maybe_claimed {
            // That this attempt is refused (a token that has expired since, say) tells nothing about an earlier one.
            return Err(Trouble { refusal: Some(refusal), ..Trouble::lasting(failure) });
        }
        Ok(ExpectRefusalSaved::start(cx, failure, refusal))
    }
}

/// The mark of a claim that was refused for good is removed.
pub(in crate::engine) struct ExpectRefusalSaved {
    refusal: Refusal,
}

impl ExpectRefusalSaved {
    fn start<B: Buffer>(cx: &mut Context<B>, failure: Failure, refusal: Refusal) -> Step {
        cx.failure = cx.hide_secrets(failure);
        cx.push(Item::SaveRefused);
        Step::RefusalSaved(Self { refusal })
    }

    /// Whether that worked or not, the refusal is what people have to know.
    pub(in crate::engine) fn on_answer<B: Buffer>(self, cx: &mut Context<B>) -> Step {
        cx.saved.pending = None;
        cx.maybe_claimed = false;
        cx.push(Item::ClaimFailed(Some(self.refusal)));
        after_giving_up(cx)
    }
}

/// The key could not be proved: the id is claimed, and not by us.
pub(super) fn not_ours<B: Buffer>(cx: &mut Context<B>, cause: &Failure) -> Step {
    let refusal = Refusal::AlreadyClaimed;
    let failure = Failure::new(Stage::Http, format_args!("already claimed, and not with our key ({cause})"));
    ExpectRefusalSaved::start(cx, failure.on(Purpose::Claim).hint(refusal.hint()), refusal)
}

/// The claimed id becomes durable.
pub(in crate::engine) struct ExpectClaimSaved {
    proved: bool,
}

impl ExpectClaimSaved {
    pub(super) fn start<B: Buffer>(cx: &mut Context<B>, proved: bool) -> Step {
        cx.begin_stage();
        cx.push(Item::SaveClaimed);
        Step::ClaimSaved(Self { proved })
    }

    pub(in crate::engine) fn on_saved<B: Buffer>(self, cx: &mut Context<B>) -> Step {
        cx.saved.claimed = Some(cx.target.clone());
        cx.saved.pending = None;
        cx.saved.node = None;
        cx.is_token_spent = true;
        cx.maybe_claimed = false;
        cx.claim_attempts = 0;
        cx.backoff.reset();
        cx.end_stage(Stage::Storage, None);
        cx.push(Item::Claimed { proved: self.proved });
        match cx.goal {
            Goal::Claim => Step::Done,
            _ => start(cx),
        }
    }
}
