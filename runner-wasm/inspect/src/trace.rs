//! What was found in a frame, and where.

use crate::datagram::Datagram;
use crate::layer::Place;
use crate::message::Found;
use crate::tls::Record;
use crate::view::Protocol;
use core::ops::Range;
use std::sync::Arc;

/// Pieces that one frame may have. Beyond it, they are followed and not shown.
const PIECES: usize = 200;

/// The byte strings of a frame: itself, and what was decrypted or put together when it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) bytes: Arc<[u8]>,
}

/// Something that was found in a frame, above IP.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// Which source it is in.
    pub(crate) source: usize,
    pub(crate) range: Range<usize>,
    /// The piece it was found in, such as the record that a request came in. Its own number if there is none.
    pub(crate) root: usize,
    /// One line about it; empty if it is not worth one.
    pub(crate) headline: String,
    pub(crate) what: What,
}

/// What it is.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Datagram(Datagram),
    Record(Record),
    Message(Found),
}

impl What {
    pub(crate) const fn protocol(&self) -> Protocol {
        match self {
            Self::Datagram(datagram) => datagram.protocol(),
            Self::Record(_) => Protocol::Tls,
            Self::Message(found) => found.protocol(),
        }
    }
}

/// All that was found in a frame.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    pub(crate) sources: Vec<Source>,
    pub(crate) pieces: Vec<Piece>,
    /// Where a TCP segment is in its connection.
    pub(crate) place: Place,
    /// Pieces beyond the limit.
    pub(crate) left_out: usize,
}

impl Trace {
    /// Nothing was found in `frame` yet.
    pub(crate) fn new(frame: Arc<[u8]>) -> Self {
        let sources = vec![Source { name: "frame".to_owned(), bytes: frame }];
        Self { sources, pieces: Vec::new(), place: Place::default(), left_out: 0 }
    }

    /// The bytes that this takes.
    pub(crate) fn weight(&self) -> usize {
        let sources: usize = self.sources.iter().map(Source::weight).sum();
        let pieces: usize = self.pieces.iter().map(Piece::weight).sum();
        sources.saturating_add(pieces)
    }

    /// Adds bytes that were made when this frame arrived. Yields their number.
    pub(crate) fn add_source(&mut self, name: String, bytes: Arc<[u8]>) -> usize {
        if self.pieces.len() >= PIECES {
            return 0;
        }
        self.sources.push(Source { name, bytes });
        self.sources.len().saturating_sub(1)
    }

    /// Adds a piece that was found in the piece `root`, if any. Yields its number, if there was room.
    pub(crate) fn add(
        &mut self,
        root: Option<usize>,
        (source, range): (usize, Range<usize>),
        headline: String,
        what: What,
    ) -> Option<usize> {
        let number = self.pieces.len();
        if number >= PIECES {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.pieces.push(Piece { source, range, root: root.unwrap_or(number), headline, what });
        Some(number)
    }

    /// The pieces in the order in which they stand in the frame: what was found in a record follows it.
    pub(crate) fn in_order(&self) -> Vec<&Piece> {
        let mut pieces: Vec<&Piece> = self.pieces.iter().collect();
        pieces.sort_by_key(|piece| piece.root);
        pieces
    }
}

impl Source {
    fn weight(&self) -> usize {
        self.bytes.len().saturating_add(self.name.len()).saturating_add(size_of::<Self>())
    }
}

impl Piece {
    fn weight(&self) -> usize {
        self.headline.len().saturating_add(size_of::<Self>())
    }
}
