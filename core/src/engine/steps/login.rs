//! `/env`, challenge, password: how a claimed node proves who it is. A claim whose confirmation was lost is proved the
//! same way.

use super::claim::{ExpectClaimSaved, not_ours};
use super::exchange::{Draft, Exchange, Reply, Request, USER_AGENT};
use super::link::Link;
use super::{Step, Trouble};
use crate::broken::{Broken, is};
use crate::engine::context::{Buffer, Context, Item, Phase};
use crate::engine::event::Until;
use crate::identity::key::{KeyError, PLAINTEXT_MAX};
use crate::link::env::Environment;
use crate::link::otp::{self, Credentials};
use crate::secret::Secret;
use crate::settings::AGENT_VERSION;
use crate::stage::{Failure, Purpose, Stage};
use crate::wire::buffer::{Full, Writer};
use crate::wire::http;

/// `GET /api/v1/env`.
pub(in crate::engine) struct EnvRequest;

impl EnvRequest {
    pub(super) fn start<B: Buffer>(cx: &mut Context<B>) -> Step {
        Step::Env(Exchange::start(cx, Self))
    }
}

impl Request for EnvRequest {
    const PURPOSE: Purpose = Purpose::Env;

    fn write(&self, draft: Draft<'_, '_>) -> Result<(), Full> {
        http::Request {
            method: "GET",
            target: format_args!("/api/v1/env?v={AGENT_VERSION}&cap=proto,ctx&claim_id={}", draft.target.id),
            host: format_args!("{}", draft.url.host_without_port()),
            headers: &[("User-Agent", if is(Broken::Token) { draft.settings.token.expose_str() } else { USER_AGENT })],
            body: None,
        }
        .encode(draft.w);
        Ok(())
    }

    fn on_reply<B: Buffer>(self, cx: &mut Context<B>, reply: &Reply) -> Result<Step, Trouble> {
        if reply.status != 200 {
            return Err(reply.refusal(cx, Self::PURPOSE));
        }
        let (body, scratch) = reply.body(cx);
        let environment =
            Environment::parse(body, scratch).map_err(|error| Failure::new(Stage::Json, error).on(Self::PURPOSE))?;
        cx.backoff.follow(environment.backoff);
        cx.environment = Some(environment);
        if cx.ends(Until::Environment) {
            return Ok(Step::Done);
        }
        Ok(Step::Challenge(Exchange::start(cx, ChallengeRequest)))
    }
}

/// `GET …/node/{id}/challenge`.
pub(in crate::engine) struct ChallengeRequest;

impl Request for ChallengeRequest {
    const PURPOSE: Purpose = Purpose::Challenge;

    fn write(&self, draft: Draft<'_, '_>) -> Result<(), Full> {
        http::Request {
            method: "GET",
            target: format_args!("{}/node/{}/challenge", draft.url.path(), draft.target.id),
            host: format_args!("{}", draft.url.host_without_port()),
            headers: &[("User-Agent", USER_AGENT)],
            body: None,
        }
        .encode(draft.w);
        Ok(())
    }

    fn on_reply<B: Buffer>(self, cx: &mut Context<B>, reply: &Reply) -> Result<Step, Trouble> {
        if reply.status != 200 {
            return Err(reply.refusal(cx, Self::PURPOSE));
        }
        let (body, scratch) = reply.body(cx);
        cx.challenge =
            otp::parse_challenge(body, scratch).map_err(|error| Failure::new(Stage::Json, error).on(Self::PURPOSE))?;
        cx.begin_stage();
        cx.push(Item::Decrypt);
        Ok(Step::Answer(ExpectAnswer))
    }
}

/// The driver decrypts the challenge.
pub(in crate::engine) struct ExpectAnswer;

impl ExpectAnswer {
    pub(in crate::engine) fn on_decrypted<B: Buffer>(
        self,
        cx: &mut Context<B>,
        answer: Result<Secret<PLAINTEXT_MAX>, KeyError>,
    ) -> Result<Step, Trouble> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let failure = Failure::new(Stage::Decrypt, error).on(Purpose::Challenge).hint(hint(error));
                if cx.phase == Phase::Claim && error == KeyError::Decrypt {
                    return Ok(not_ours(cx, &failure));
                }
                return Err(failure.into());
            }
        };
        cx.end_stage(Stage::Decrypt, Some(Purpose::Challenge));
        if cx.environment.is_none() {
            return Ok(EnvRequest::start(cx));
        }
        Ok(Step::Password(Exchange::start(cx, PasswordRequest { answer })))
    }
}

const fn hint(error: KeyError) -> &'static str {
    match error {
        KeyError::Decrypt => {
            "private.pem was replaced since this id was claimed (a copied disk image or volume?): claim again under a new id"
        }
        KeyError::Missing => "private.pem is gone: restore it, or claim again under a new id",
        _ => "",
    }
}

/// `POST …/node/{id}/password`.
pub(in crate::engine) struct PasswordRequest {
    answer: Secret<PLAINTEXT_MAX>,
}

impl Request for PasswordRequest {
    const PURPOSE: Purpose = Purpose::Password;

    fn write(&self, draft: Draft<'_, '_>) -> Result<(), Full> {
        let mut body = Writer::new(draft.scratch);
        otp::write_password_request(&self.answer, &mut body);
        let len = body.finish()?;
        http::Request {
            method: "POST",
            target: format_args!("{}/node/{}/password", draft.url.path(), draft.target.id),
            host: format_args!("{}", draft.url.host_without_port()),
            headers: &[("User-Agent", USER_AGENT), ("Content-Type", "application/json")],
            body: draft.scratch.get(..len),
        }
        .encode(draft.w);
        Ok(())
    }

    fn on_reply<B: Buffer>(self, cx: &mut Context<B>, reply: &Reply) -> Result<Step, Trouble> {
        if reply.status != 201 {
            let mut trouble = reply.refusal(cx, Self::PURPOSE);
            trouble.failure.hide(otp::encode_answer(&self.answer).expose_str());
            let definite = (400..500).contains(&reply.status) && ![408, 409, 429].contains(&reply.status);
            // Without a key it may be somebody in between who speaks, and not the Cloud.
            let by_cloud = trouble.failure.server.as_ref().is_some_and(|said| !said.key.is_empty());
            if cx.phase == Phase::Claim && definite && by_cloud {
                return Ok(not_ours(cx, &trouble.failure));
            }
            return Err(trouble);
        }
        if cx.phase == Phase::Claim {
            return Ok(ExpectClaimSaved::start(cx, true));
        }
        let id = cx.target.id;
        let (body, scratch, credentials) = reply.body_for_credentials(cx);
        let read = credentials.insert(Credentials::default()).read(body, id, scratch);
        if let Err(error) = read {
            cx.credentials = None;
            return Err(Failure::new(Stage::Json, error).on(Self::PURPOSE).into());
        }
        Ok(Link::start(cx))
    }
}
