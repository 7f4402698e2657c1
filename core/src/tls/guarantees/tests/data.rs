//! 2, 3, 4 and 6 after the handshake.

use super::support::pki::Authority;
use super::support::script::*;
use super::support::wire::{Silent, Socket, drive_while};
use super::support::{Client, Memory};
use super::{Attack, table};
use crate::tls::guarantees::Guarantee::{Messages, Records, Said, Waiting};
use crate::tls::{Broken, Received, Secure};
use std::cell::RefCell;
use std::prelude::v1::*;

/// Runs `test` on a connection to a server that goes on with `script` after a correct handshake.
fn connected(
    script: impl FnOnce(&mut Server<'_>),
    test: impl FnOnce(&Client, &mut Scripted<'_>, Secure<'_, Socket>) -> String,
) -> String {
    let root = Authority::new();
    let identity = root.localhost();
    let client = Client::trusting(&root.der);
    let mut server = Scripted::new(&identity, |server| {
        server.handshake();
        script(server);
    });
    let mut memory = Memory::default();
    let secure = client.open(&mut memory, &mut server).unwrap();
    test(&client, &mut server, secure)
}

/// The words for what a read brought.
fn outcome(read: Option<Result<Received, Broken>>) -> String {
    match read {
        Some(Ok(Received::Data(len))) => format!("{len} bytes of data"),
        Some(Ok(other)) => format!("{other:?}"),
        Some(Err(failure)) => format!("refused: {failure}"),
        None => "waits for ever".into(),
    }
}

/// What becomes of the first read after the handshake.
fn read(script: impl FnOnce(&mut Server<'_>)) -> String {
    connected(script, |client, server, mut secure| {
        outcome(drive_while(&client.wire, server, secure.read(&mut [0; 64])))
    })
}

#[test]
fn guarantee_2_a_record_that_cannot_be_is_stopped_before_the_parser() {
    table(
        "2. A record that cannot be is stopped before the parser: after the handshake",
        &[Attack {
            what: "an unencrypted handshake message",
            run: || read(|server| server.plain(HANDSHAKE, &message(FINISHED, &[0; 32]))),
            with: "refused: tls: unencrypted record of type 22 where only encrypted ones are allowed",
            without: &[(&[Records], "panic: not implemented")],
        }],
    );
}

/// Nine bytes of data, in a record that comes in two parts. What is done in between is `wait`.
fn honest(wait: fn(&Client, &mut Secure<'_, Socket>)) -> String {
    let record = RefCell::new(Vec::new());
    let hold_back = |server: &mut Server<'_>| {
        server.altered(APPLICATION_DATA, b"important", |bytes| *record.borrow_mut() = core::mem::take(bytes));
    };
    connected(hold_back, |client, _, secure| in_two_parts(&record.borrow(), client, secure, wait))
}

/// A record that comes in two parts. Whoever forgets that the first was there takes the second for a record of its own:
/// an unencrypted handshake message, which embedded-tls cannot stand.
fn hostile(wait: fn(&Client, &mut Secure<'_, Socket>)) -> String {
    let [start, end] = [[FINISHED, 0, 0, 32].as_slice(), &[0; 32]];
    let inner = [&[HANDSHAKE, 3, 3, 0, 36], end].concat();
    let record = record(APPLICATION_DATA, &[start, &inner].concat());
    connected(|_| {}, |client, _, secure| in_two_parts(&record, client, secure, wait))
}

fn in_two_parts(
    record: &[u8],
    client: &Client,
    mut secure: Secure<'_, Socket>,
    wait: fn(&Client, &mut Secure<'_, Socket>),
) -> String {
    let (first, second) = record.split_at(9);
    client.wire.send(first);
    wait(client, &mut secure);
    client.wire.send(second);
    match drive_while(&client.wire, &mut Silent, secure.read(&mut [0; 64])) {
        Some(Ok(Received::Data(9))) => "nothing is lost".into(),
        Some(Err(failure)) => format!("the end: {failure}"),
        other => outcome(other),
    }
}

/// Waits for data until it is time for something else, as the driver does.
fn wait(client: &Client, secure: &mut Secure<'_, Socket>) {
    let _ = drive_while(&client.wire, &mut Silent, secure.ready());
}

/// Reads until it is time for something else, which must not be done.
fn give_up_reading(client: &Client, secure: &mut Secure<'_, Socket>) {
    let _ = drive_while(&client.wire, &mut Silent, secure.read(&mut [0; 64]));
}

#[test]
fn guarantee_3_no_byte_is_lost_by_waiting() {
    const LOST: &str = "the end: tls: handshake message of the server that we cannot read";
    const ABANDONED: &str = "the end: tls: connection was abandoned in the middle of a record";
    const PANIC: &str = "panic: not implemented";
    table(
        "3. No byte is lost by waiting",
        &[
            Attack {
                what: "a wait is over before the whole record is there",
                run: || honest(wait),
                with: "nothing is lost",
                without: &[(&[Waiting], LOST)],
            },
            Attack {
                what: "the same, and the rest of the record looks like one of its own",
                run: || hostile(wait),
                with: "the end: tls: record failed its authentication: it was altered on the way",
                without: &[(&[Waiting], PANIC)],
            },
            Attack {
                what: "a read is dropped before the whole record is there",
                run: || honest(give_up_reading),
                with: ABANDONED,
                without: &[(&[Waiting], LOST)],
            },
            Attack {
                what: "the same, and the rest of the record looks like one of its own",
                run: || hostile(give_up_reading),
                with: ABANDONED,
                without: &[(&[Waiting], PANIC)],
            },
        ],
    );
}

#[test]
fn guarantee_4_what_cannot_be_done_is_said() {
    table(
        "4. What embedded-tls cannot do is said: after the handshake",
        &[Attack {
            what: "KeyUpdate",
            run: || read(|server| server.encrypted(HANDSHAKE, &message(KEY_UPDATE, &[0]))),
            with: "refused: tls: server requires a TLS 1.3 feature we do not have: KeyUpdate",
            without: &[
                (&[Said], "refused: tls: server sent KeyUpdate out of order"),
                (&[Said, Messages], "refused: tls: handshake message of the server that we cannot read"),
            ],
        }],
    );
}

#[test]
fn guarantee_6_messages_that_it_cannot_stand_do_not_reach_it() {
    table(
        "6. Messages that embedded-tls cannot stand do not reach it: after the handshake",
        &[Attack {
            what: "Finished once more",
            run: || read(|server| server.encrypted(HANDSHAKE, &message(FINISHED, &[0; 32]))),
            with: "refused: tls: server sent Finished out of order",
            without: &[(&[Messages], "panic: not implemented")],
        }],
    );
}
