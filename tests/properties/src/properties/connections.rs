//! When there are connections, what for, and to whom.

use crate::evidence::{accept_of, attempts, head, header};
use crate::play::Run;
use aclk_core::stage::Purpose;
use aclk_pair::{Done, Word};

/// Before a claimed id is stored there is the claim. Only if an earlier one may have arrived, which a mark says, is it proved the
/// way a link logs in; the link itself is not opened. And no claim is sent without that mark.
pub(super) fn claim_comes_first(run: &Run) -> Result<(), String> {
    for entry in &run.transcript {
        match &entry.what {
            Word::Connect { purpose, is_claimed, is_pending, .. } => {
                let may = match purpose {
                    _ if !run.scenario.claims => false,
                    Purpose::Claim => !is_claimed && *is_pending,
                    Purpose::Env | Purpose::Challenge | Purpose::Password => *is_claimed || *is_pending,
                    Purpose::Link => *is_claimed,
                };
                if !may {
                    return Err(format!(
                        "{purpose} at {:?}, claimed {is_claimed}, a claim under way {is_pending}",
                        entry.at
                    ));
                }
            }
            Word::Told(Done::Online { .. } | Done::Claimed { .. }) if !run.scenario.claims => {
                return Err(format!("{:?} without a claim", entry.what));
            }
            _ => {}
        }
    }
    Ok(())
}

/// From an attempt to its end there is no other, and nothing is sent when there is none.
pub(super) fn at_most_one(run: &Run) -> Result<(), String> {
    #[derive(Clone, Copy, PartialEq)]
    enum Line {
        None,
        Asked,
        Open,
    }
    let mut line = Line::None;
    for entry in &run.transcript {
        line = match (&entry.what, line) {
            (Word::Connect { .. }, Line::None) => Line::Asked,
            (Word::Connect { purpose, .. }, _) => {
                return Err(format!("a second connection, for {purpose}, at {:?}", entry.at));
            }
            (Word::Connected, Line::Asked) => Line::Open,
            (Word::Connected, _) => return Err(format!("connected at {:?}, and nobody asked", entry.at)),
            (Word::Sent(_), Line::None | Line::Asked) => {
                return Err(format!("sends at {:?} without a connection", entry.at));
            }
            (Word::ConnectFailed | Word::Closed | Word::Ended | Word::Rebooted, _) => Line::None,
            (_, line) => line,
        };
    }
    Ok(())
}

/// What comes behind the request for the upgrade, the MQTT password first of all, is said only to a server that has answered to
/// its very key (RFC 6455, 4.1). Claim and `/env` go to the Cloud of the settings; where the others go is what `/env` says.
pub(super) fn upgrade_is_proved(run: &Run) -> Result<(), String> {
    for attempt in attempts(&run.transcript) {
        if (attempt.host, attempt.port) != ("cloud.test", 8443)
            && matches!(attempt.purpose, Purpose::Claim | Purpose::Env)
        {
            return Err(format!("{} to {}:{}", attempt.purpose, attempt.host, attempt.port));
        }
        let (sent, received) = (&attempt.bytes.sent, &attempt.bytes.received);
        let Some(asked) = head(sent).filter(|_| attempt.purpose == Purpose::Link) else { continue };
        if sent.len() == asked {
            continue;
        }
        let key = header(&sent[..asked], "Sec-WebSocket-Key").unwrap_or_default();
        let answer = head(received).map(|end| &received[..end]).unwrap_or_default();
        if header(answer, "Sec-WebSocket-Accept") != Some(accept_of(&key)) {
            return Err(format!("{} bytes were sent behind an upgrade that nobody has proved", sent.len() - asked));
        }
    }
    Ok(())
}
