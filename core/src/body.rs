//! What the engine lets others write: the answers to requests and the reports on the node.
//!
//! The engine knows neither device nor samples. It asks whoever drives it to [prepare](Bodies::prepare) a body, learns how
//! long it will be, sends the head, and asks for the body in pieces. One body is under way at a time.

use crate::api::{self, Answer, Request};
use crate::clock::Now;
use crate::encoding::Encoding;
use crate::metrics::Device;
use crate::node::Node;
use crate::report::{Ids, Report, ReportKind};

/// What is to be prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prepare<'a> {
    /// A report on the node.
    Report {
        /// What about.
        kind: ReportKind,
        /// By which ids.
        ids: Ids,
    },
    /// The answer to a request.
    Answer(Request<'a>),
    /// Nothing: what was prepared before is done with.
    Nothing,
}

/// What was prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prepared {
    /// There is nothing to tell, or it does not fit.
    Nothing,
    /// A report.
    Report {
        /// Its length in bytes.
        len: u64,
        /// The version hash that the Cloud has afterwards, if it is about contexts.
        hash: u64,
        /// How many contexts have been told with this one, if there are more.
        next: Option<usize>,
    },
    /// An answer.
    Answer {
        /// HTTP status.
        status: u16,
        /// Value of `Content-Type`.
        content_type: &'static str,
        /// How its body is encoded.
        encoding: Encoding,
        /// Length of its body in bytes, encoded.
        len: u64,
    },
}

/// The body that is under way.
#[derive(Debug, Default)]
pub struct Bodies(Option<Body>);

#[derive(Debug)]
enum Body {
    Report(Report),
    Answer(Answer),
}

impl Bodies {
    /// None is under way.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// Prepares a body. The one before is done with.
    // Not a part of the caller, whose stack is deep already; neither is `fill`.
    #[inline(never)]
    pub fn prepare(&mut self, what: Prepare<'_>, node: &mut Node<dyn Device + '_>, now: Now) -> Prepared {
        self.release(node);
        match what {
            Prepare::Nothing => Prepared::Nothing,
            Prepare::Report { kind, ids } => match Report::new(kind, ids, node, now.wall) {
                None => Prepared::Nothing,
                Some(report) => {
                    let (len, hash, next) = (report.len(), report.hash(), report.next());
                    self.0 = Some(Body::Report(report));
                    Prepared::Report { len, hash, next }
                }
            },
            Prepare::Answer(request) => {
                let answer = api::respond(&request, node, now);
                let (status, content_type) = (answer.status, answer.content_type);
                let (encoding, len) = (answer.encoding, answer.len());
                self.0 = Some(Body::Answer(answer));
                Prepared::Answer { status, content_type, encoding, len }
            }
        }
    }

    /// Writes the next piece of the body into `buffer` and yields its length.
    #[inline(never)]
    pub fn fill(&mut self, node: &mut Node<dyn Device + '_>, buffer: &mut [u8]) -> usize {
        match &mut self.0 {
            None => 0,
            Some(Body::Report(report)) => report.fill(node, buffer),
            Some(Body::Answer(answer)) => answer.fill(node, buffer),
        }
    }

    /// Lets go of what the body holds. To be called when the connection has ended.
    pub fn release(&mut self, node: &mut Node<dyn Device + '_>) {
        if let Some(Body::Answer(answer)) = self.0.take() {
            answer.release(node);
        }
    }
}
