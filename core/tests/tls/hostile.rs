//! Servers that do what they must not: a table, one line per case. None gets a byte of data, and none makes us panic or
//! wait. What is tolerated says why. A client that checks no certificates goes through all of it too, with the same end.

mod alerts;
mod changed;
mod data;
mod hello;
mod identity;
mod messages;
mod records;

use crate::support::heap::allocations;
use crate::support::pki::{Authority, Identity};
use crate::support::script::*;
use crate::support::wire::{Socket, drive};
use crate::support::{Client, Memory};
use aclk_core::tls::{Received, Secure};
use std::fmt::Display;
use std::sync::LazyLock;

/// An authority and a server of it: their certificates are good, and made only once for thousands of handshakes.
static HONEST: LazyLock<(Authority, Identity)> = LazyLock::new(|| {
    let root = Authority::new();
    let identity = root.localhost();
    (root, identity)
});

/// The reason why the handshake with a server that follows `script` fails, and the alerts the client sends.
fn refused(case: impl Display, mut script: impl FnMut(&mut Server<'_>)) -> (String, Vec<u8>) {
    let (root, identity) = &*HONEST;
    let client = Client::trusting(&root.der);
    let reason = client.refuses(case, &mut Scripted::new(identity, &mut script));
    assert_eq!(client.wire.encrypted_records(), 0, "the handshake was finished: {reason}");

    // The reason need not be the same: a certificate that was changed on the way is noticed later by who does not look at it.
    let unchecked = Client::insecure();
    let too = unchecked.refuses_quietly(&mut Scripted::new(identity, script));
    assert_eq!(unchecked.wire.encrypted_records(), 0, "the handshake was finished: {too}");
    (reason, client.wire.alerts())
}

/// The reason alone.
fn refusal(case: impl Display, script: impl FnMut(&mut Server<'_>)) -> String {
    let (reason, _) = refused(case, script);
    reason.strip_prefix("tls: ").expect("another stage than tls").to_owned()
}

/// The reason why a server that changes its ServerHello like this is refused.
fn hello_refusal(case: impl Display, mut change: impl FnMut(&mut Hello)) -> String {
    refusal(case, |server| server.hello(&mut change))
}

/// The handshake as it should be, and then `script`; `test` gets the connection. The client must not allocate.
fn connected(
    mut script: impl FnMut(&mut Server<'_>),
    mut test: impl FnMut(&Client, &mut Scripted<'_>, Secure<'_, Socket>),
) {
    let (root, identity) = &*HONEST;
    for client in [Client::trusting(&root.der), Client::insecure()] {
        let mut server = Scripted::new(identity, |server| {
            server.handshake();
            script(server);
        });
        let mut memory = Memory::default();
        let secure = client.open_without_heap(&mut memory, &mut server).unwrap();
        let before = allocations();
        test(&client, &mut server, secure);
        assert_eq!(allocations() - before, 0, "the client allocated");
    }
}

/// The reason why the first read after a correct handshake fails. Nothing works after that.
fn read_refusal(case: impl Display, script: impl FnMut(&mut Server<'_>)) -> String {
    let mut reason = String::new();
    connected(script, |client, server, mut secure| {
        let failure = drive(&client.wire, server, secure.read(&mut [0; 64])).expect_err("this was accepted");
        reason = failure.to_string();
        println!("refused: {case}: {reason}");
        let again = [
            drive(&client.wire, server, secure.ready()).unwrap_err(),
            drive(&client.wire, server, secure.read(&mut [0; 64])).unwrap_err(),
            drive(&client.wire, server, secure.write_all(b"data")).unwrap_err(),
            drive(&client.wire, server, secure.flush()).unwrap_err(),
        ];
        assert!(again.iter().all(|failure| failure.to_string() == reason));
        drive(&client.wire, server, secure.close());
        assert_eq!(client.wire.application_records(), 0);
    });
    reason.strip_prefix("tls: ").expect("another stage than tls").to_owned()
}

#[test]
fn the_script_as_it_should_be_is_accepted() {
    connected(
        |server| server.encrypted(APPLICATION_DATA, b"hello"),
        |client, server, mut secure| {
            let mut buf = [0; 64];
            assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Data(5)));
            assert_eq!(&buf[..5], b"hello");
            drive(&client.wire, server, secure.write_all(b"bye")).unwrap();
            drive(&client.wire, server, secure.close());
        },
    );
}

#[test]
fn what_the_client_says_is_encrypted_data_and_close_notify() {
    let root = Authority::new();
    let identity = root.localhost();
    let client = Client::trusting(&root.der);
    let mut server = Scripted::new(&identity, |server| server.handshake());
    let mut memory = Memory::default();
    let mut secure = client.open(&mut memory, &mut server).unwrap();
    drive(&client.wire, &mut server, secure.write_all(b"bye")).unwrap();
    drive(&client.wire, &mut server, secure.close());
    let said = server.heard(&client.wire);
    assert_eq!(said, [(APPLICATION_DATA, b"bye".to_vec()), (ALERT, vec![1, 0])]);
}
