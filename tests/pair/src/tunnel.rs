//! The way through a proxy: the driver's part of the talk, with an emulated proxy at the other end, in virtual time.

use crate::network::Network;
use aclk_core::engine::event::Input;
use aclk_core::stage::{Failure, Stage};
use aclk_core::wire::proxy::{Negotiation, Proxy, ProxyError, REQUEST_MAX, Step, Target};
use aclk_proxy::{Action, Config, Session};
use std::collections::VecDeque;
use std::time::Duration;

/// A proxy between device and Cloud.
#[derive(Debug, Clone)]
pub struct ProxySetup {
    /// Its URL, as the device has it.
    pub url: String,
    /// How it behaves.
    pub config: Config,
}

/// How a talk ended.
pub(crate) struct Talk {
    /// How long it took.
    pub(crate) took: Duration,
    /// Whom the proxy was asked for.
    pub(crate) asked: Option<String>,
    /// What the device said.
    pub(crate) said: Vec<u8>,
    /// The tunnel, or what the engine is to be told.
    pub(crate) end: Result<(), Input<'static>>,
}

/// The proxy's end of the talk.
struct Peer {
    session: Session,
    /// What it said and was not read yet.
    said: VecDeque<Vec<u8>>,
    asked: Option<String>,
    has_ended: bool,
}

impl Peer {
    /// Does what it has to do, with the Cloud always within its reach.
    fn work(&mut self, network: &mut Network) {
        while let Some(action) = self.session.poll() {
            match action {
                Action::Send(bytes) => self.said.extend(network.cut(&bytes)),
                Action::Connect(host, port) => {
                    self.asked = Some(format!("{host}:{port}"));
                    self.session.on_connected(true);
                }
                Action::Pass => {}
                Action::Close => self.has_ended = true,
            }
        }
    }
}

/// Asks the proxy for a tunnel to `target`, as the driver does. Each message and its answer take a round trip.
pub(crate) fn talk(
    setup: &ProxySetup,
    proxy: &Proxy,
    target: Target<'_>,
    network: &mut Network,
    deadline: Duration,
) -> Talk {
    let session = Session::new(&setup.config);
    let mut peer = Peer { session, said: VecDeque::new(), asked: None, has_ended: false };
    let mut negotiation = Negotiation::new(proxy, target);
    let mut buffer = [0; REQUEST_MAX];
    let (mut took, mut said) = (Duration::ZERO, Vec::new());
    let refused = |error: &ProxyError| {
        let failure = proxy.failure(error);
        if error.is_about_credentials(proxy) { Input::ConnectRefused(failure) } else { Input::ConnectFailed(failure) }
    };
    let end = loop {
        match negotiation.poll(&mut buffer) {
            Ok(Step::Send(bytes)) => {
                said.extend_from_slice(bytes);
                peer.session.receive(bytes);
                peer.work(network);
                took += network.round_trip();
            }
            Ok(Step::Receive(most)) => {
                let Some(piece) = peer.said.front_mut() else {
                    if peer.has_ended {
                        break Err(refused(&negotiation.on_end()));
                    }
                    took = deadline;
                    let cause = format!("{}: made no tunnel within {} s", proxy.endpoint(), deadline.as_secs());
                    break Err(Input::ConnectFailed(Failure::new(Stage::Proxy, cause)));
                };
                let taken: Vec<u8> = piece.drain(..most.min(piece.len())).collect();
                if piece.is_empty() {
                    peer.said.pop_front();
                }
                if let Err(error) = negotiation.receive(&taken) {
                    break Err(refused(&error));
                }
            }
            Ok(Step::Done) if !peer.said.is_empty() => break Err(refused(&ProxyError::TooTalkative)),
            Ok(Step::Done) if peer.has_ended => break Err(refused(&ProxyError::ClosedBehind)),
            Ok(Step::Done) => break Ok(()),
            Err(error) => break Err(refused(&error)),
        }
    };
    Talk { took, asked: peer.asked, said, end }
}
