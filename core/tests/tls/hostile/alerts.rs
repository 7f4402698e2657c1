//! Servers that send an alert, of every kind and at every point.

use super::{connected, read_refusal, refusal};
use crate::support::script::*;
use crate::support::tolerated;
use crate::support::wire::drive;
use aclk_core::tls::Received;

const CLOSE_NOTIFY: u8 = 0;
const USER_CANCELED: u8 = 90;

/// The levels of RFC 8446 6, warning and fatal, and two that do not exist. Which it is does not matter.
const LEVELS: [u8; 4] = [0, 1, 2, 255];

#[test]
fn every_alert_of_every_level_until_the_certificate() {
    for alert in 0..=255 {
        for level in LEVELS {
            for messages in 0..=3 {
                ends_the_handshake([level, alert], messages, messages > 1);
            }
        }
    }
}

/// Every alert comes with one level only here, and every level with many alerts: these handshakes take their time.
#[test]
fn every_alert_after_the_signature() {
    for alert in 0..=255 {
        ends_the_handshake([level_of(alert), alert], 4, true);
    }
}

#[test]
fn every_alert_after_the_handshake() {
    for alert in 0..=255 {
        let level = level_of(alert);
        let case = format!("alert {alert} of level {level} after the handshake");
        let send = |server: &mut Server<'_>| server.encrypted(ALERT, &[level, alert]);
        match alert {
            CLOSE_NOTIFY => connected(send, |client, server, mut secure| {
                assert_eq!(drive(&client.wire, server, secure.read(&mut [0; 64])), Ok(Received::Closed));
                tolerated(&case, "close_notify is how a connection ends");
            }),
            USER_CANCELED => connected(
                |server| {
                    send(server);
                    server.encrypted(ALERT, &[1, CLOSE_NOTIFY]);
                },
                |client, server, mut secure| {
                    let mut read = || drive(&client.wire, server, secure.read(&mut [0; 64]));
                    assert_eq!([read(), read()], [Ok(Received::Nothing), Ok(Received::Closed)]);
                    tolerated(&case, "RFC 8446 6.1: close_notify follows, and is what counts");
                },
            ),
            _ => {
                let reason = read_refusal(&case, send);
                assert!(reason.starts_with("server sent alert "), "{case}: {reason}");
            }
        }
    }
}

fn level_of(alert: u8) -> u8 {
    LEVELS[usize::from(alert / 2) % LEVELS.len()]
}

/// Sends this alert after so many messages of the server.
fn ends_the_handshake(content @ [level, alert]: [u8; 2], messages: usize, is_encrypted: bool) {
    let last = messages.checked_sub(1).map_or("ClientHello", |last| BEFORE_FINISHED[last].0);
    let reason = refusal(format_args!("alert {alert} of level {level} after {last}"), |server| {
        server.say_first(messages);
        if is_encrypted {
            server.encrypted(ALERT, &content);
        } else {
            server.plain(ALERT, &content);
        }
        server.close();
    });
    assert!(reason.starts_with("server sent alert "), "alert {alert} of level {level} after {last}: {reason}");
}
