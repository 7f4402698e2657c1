//! What a connection does after the handshake.

use crate::support::peer::Rustls;
use crate::support::pki::Authority;
use crate::support::wire::{Drip, Peer, Silent, Socket, drive, drive_while};
use crate::support::{Client, Memory};
use aclk_core::stage::{Failure, Stage};
use aclk_core::tls::{
    Broken, RECORD_READ_LEN, Received, Secure, Shared, Traffic, WRITE_MAX, WRITE_MIN, WRITE_OVERHEAD,
};
use embedded_io_async::ErrorKind;

/// Reads until there are `len` bytes.
async fn read_exactly(secure: &mut Secure<'_, Socket>, len: usize) -> Result<Vec<u8>, Broken> {
    let mut data = Vec::new();
    let mut buf = [0; 700];
    while data.len() < len {
        match secure.read(&mut buf).await? {
            Received::Data(count) => data.extend(&buf[..count]),
            Received::Nothing => {}
            end => panic!("{end:?} after {} bytes", data.len()),
        }
    }
    Ok(data)
}

/// Reads what can be read without waiting.
fn read_everything(client: &Client, server: &mut Rustls, secure: &mut Secure<'_, Socket>) -> Vec<u8> {
    let mut data = Vec::new();
    let mut buf = [0; 100];
    while drive_while(&client.wire, server, secure.ready()).is_some() {
        match drive(&client.wire, server, secure.read(&mut buf)).unwrap() {
            Received::Data(count) => data.extend(&buf[..count]),
            Received::Nothing => {}
            end => panic!("{end:?}"),
        }
    }
    data
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| b'a' + u8::try_from(i % 23).unwrap()).collect()
}

/// Runs `test` on a connection to a rustls server.
fn connected(drip: Option<Drip>, test: impl FnOnce(&Client, &mut Rustls, Secure<'_, Socket>)) {
    let root = Authority::new();
    let mut client = Client::trusting(&root.der);
    if let Some(drip) = drip {
        client = client.over(drip);
    }
    let mut server = Rustls::new(&root.localhost());
    let mut memory = Memory::default();
    let secure = client.open(&mut memory, &mut server).unwrap();
    test(&client, &mut server, secure);
}

#[test]
fn forty_kilobytes_go_both_ways() {
    connected(None, |client, server, mut secure| {
        let data = pattern(40_000);
        let answer = drive(&client.wire, server, async {
            secure.write_all(&data).await?;
            secure.flush().await?;
            read_exactly(&mut secure, 40_000).await
        });
        assert_eq!(server.heard, data);
        assert_eq!(answer.unwrap(), data.to_ascii_uppercase());
    });
}

#[test]
fn data_survives_one_byte_at_a_time() {
    connected(Some(Drip { read: 1, write: 1 }), |client, server, mut secure| {
        let data = pattern(3_000);
        let answer = drive(&client.wire, server, async {
            secure.write_all(&data).await?;
            secure.flush().await?;
            read_exactly(&mut secure, 3_000).await
        });
        assert_eq!(answer.unwrap(), data.to_ascii_uppercase());
    });
}

#[test]
fn a_wait_that_is_cancelled_at_every_byte_loses_nothing() {
    connected(None, |client, server, mut secure| {
        read_everything(client, server, &mut secure); // the session tickets
        let mut told: Vec<u8> = Vec::new();
        let mut heard: Vec<u8> = Vec::new();
        for round in 0..20 {
            let line = pattern(round * 3 + 1);
            server.say(&line);
            told.extend(&line);
            let mut records = Vec::new();
            server.connection.write_tls(&mut records).unwrap();
            let (header, body) = records.split_at(5);
            for byte in header {
                assert!(drive_while(&client.wire, &mut Silent, secure.ready()).is_none(), "ready before the header");
                client.wire.send(&[*byte]);
            }
            for byte in body {
                // Ready since the header is there, however often it is asked.
                assert!(drive_while(&client.wire, &mut Silent, secure.ready()).unwrap().is_ok());
                client.wire.send(&[*byte]);
            }
            let mut buf = [0; 100];
            let Received::Data(count) = drive(&client.wire, &mut Silent, secure.read(&mut buf)).unwrap() else {
                panic!()
            };
            heard.extend(&buf[..count]);
        }
        assert_eq!(heard, told);
    });
}

#[test]
fn plaintext_that_is_left_makes_ready() {
    connected(None, |client, server, mut secure| {
        read_everything(client, server, &mut secure);
        server.say(b"abcdef");
        let mut buf = [0; 4];
        assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Data(4)));
        assert_eq!(&buf, b"abcd");
        assert_eq!(drive(&client.wire, &mut Silent, secure.ready()), Ok(()));
        assert_eq!(drive(&client.wire, &mut Silent, secure.ready()), Ok(()));
        assert_eq!(drive(&client.wire, &mut Silent, secure.read(&mut buf)), Ok(Received::Data(2)));
        assert_eq!(&buf[..2], b"ef");
        assert!(drive_while(&client.wire, &mut Silent, secure.ready()).is_none());
    });
}

#[test]
fn a_session_ticket_does_not_make_a_read_wait_for_data() {
    connected(None, |client, server, mut secure| {
        let mut buf = [0; 16];
        assert_eq!(drive(&client.wire, server, secure.ready()), Ok(()), "rustls sends tickets unasked");
        assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Nothing));
    });
}

#[test]
fn close_notify_is_a_clean_end() {
    connected(None, |client, server, mut secure| {
        read_everything(client, server, &mut secure);
        server.say(b"bye");
        server.say_goodbye();
        let mut buf = [0; 16];
        assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Data(3)));
        assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Closed));
        assert_eq!(drive(&client.wire, server, secure.ready()), Ok(()));
        assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Closed));
    });
}

#[test]
fn data_can_be_sent_after_the_server_has_closed_its_side() {
    connected(None, |client, server, mut secure| {
        read_everything(client, server, &mut secure);
        server.say_goodbye();
        server.echoes = false;
        let mut buf = [0; 16];
        assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Closed));
        drive(&client.wire, server, async {
            secure.write_all(b"last words").await?;
            secure.flush().await
        })
        .unwrap();
        server.step(&client.wire);
        assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Closed));
        assert_eq!(server.heard, b"last words");
    });
}

#[test]
fn an_end_without_close_notify_is_a_cut() {
    connected(None, |client, server, mut secure| {
        read_everything(client, server, &mut secure);
        server.say(b"half");
        let mut buf = [0; 16];
        assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Data(4)));
        client.wire.close();
        assert_eq!(drive(&client.wire, server, secure.ready()), Ok(()));
        assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Cut));
        assert_eq!(drive(&client.wire, server, secure.ready()), Ok(()));
        assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Cut));
    });
}

#[test]
fn an_end_in_the_middle_of_a_record_is_a_cut() {
    connected(None, |client, server, mut secure| {
        read_everything(client, server, &mut secure);
        server.say(b"half");
        let mut record = Vec::new();
        server.connection.write_tls(&mut record).unwrap();
        for len in [3, record.len() - 3 - 1] {
            let rest = record.split_off(len);
            client.wire.send(&record);
            record = rest;
        }
        client.wire.close();
        let mut buf = [0; 16];
        assert_eq!(drive(&client.wire, &mut Silent, secure.ready()), Ok(()));
        assert_eq!(drive(&client.wire, &mut Silent, secure.read(&mut buf)), Ok(Received::Cut));
    });
}

#[test]
fn closing_says_goodbye_and_gives_the_socket_back() {
    connected(None, |client, server, mut secure| {
        drive(&client.wire, server, secure.write_all(b"unflushed")).unwrap();
        let flushes = client.wire.flushes();
        let _socket: Socket = drive(&client.wire, server, secure.close());
        server.echoes = false;
        server.step(&client.wire);
        assert_eq!(server.heard, b"unflushed");
        assert!(client.wire.flushes() > flushes);
        assert!(server.connection.process_new_packets().unwrap().peer_has_closed());
    });
}

#[test]
fn traffic_counts_every_byte_on_the_wire() {
    connected(None, |client, server, mut secure| {
        drive(&client.wire, server, async {
            secure.write_all(b"ping").await?;
            secure.flush().await?;
            read_exactly(&mut secure, 4).await
        })
        .unwrap();
        let Traffic { sent, received } = secure.traffic();
        assert_eq!(sent, client.wire.sent().len() as u64);
        assert!(received > 500, "{received} bytes are no handshake");
        let before = client.wire.unread();
        server.say(b"pong");
        assert_eq!(drive(&client.wire, server, read_exactly(&mut secure, 4)).unwrap(), b"pong");
        assert_eq!(before, 0);
        assert_eq!(secure.traffic().received - received, 5 + 4 + 1 + 16);
    });
}

#[test]
fn a_flush_reaches_the_transport_whatever_was_written() {
    connected(None, |client, server, mut secure| {
        let record = 2_048 - WRITE_OVERHEAD;
        for len in [1, record - 1, record, record + 1, 2 * record] {
            let (flushes, heard) = (client.wire.flushes(), server.heard.len());
            drive(&client.wire, server, async {
                secure.write_all(&pattern(len)).await?;
                secure.flush().await
            })
            .unwrap();
            server.step(&client.wire);
            assert_eq!(server.heard.len() - heard, len);
            assert_eq!(client.wire.flushes() - flushes, 1, "flushes for {len} bytes");
        }
    });
}

#[test]
fn large_write_buffers_make_records_that_tls_allows() {
    let root = Authority::new();
    let client = Client::trusting(&root.der);
    let mut server = Rustls::new(&root.localhost());
    let mut memory = Memory { write: vec![0; 3 * WRITE_MAX], ..Memory::default() };
    let mut secure = client.open(&mut memory, &mut server).unwrap();
    let data = pattern(40_000);
    drive(&client.wire, &mut server, async {
        secure.write_all(&data).await?;
        secure.flush().await
    })
    .unwrap();
    server.step(&client.wire);
    assert_eq!(server.heard, data);
    let longest = client.wire.records().iter().map(|(_, content)| content.len()).max();
    assert_eq!(longest, Some(16_384 + 1 + 16));
}

#[test]
fn the_smallest_write_buffer_holds_the_longest_name() {
    let label = "a".repeat(63);
    let name = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    assert_eq!(name.len(), 253);
    let root = Authority::new();
    let params = crate::support::pki::server_params(&[&name]);
    let identity = root.server(&params, crate::support::pki::key(&rcgen::PKCS_ECDSA_P256_SHA256));
    let client = Client::trusting(&root.der).expecting(&name);
    let mut memory = Memory { write: vec![0; WRITE_MIN], ..Memory::default() };
    let mut server = Rustls::new(&identity);
    client.open(&mut memory, &mut server).unwrap();
    assert_eq!(server.name(), Some(name.as_str()));
}

#[test]
fn buffers_that_are_too_small_are_an_error() {
    let root = Authority::new();
    for (read, write) in [(RECORD_READ_LEN - 1, WRITE_MIN), (RECORD_READ_LEN, WRITE_MIN - 1), (0, 0)] {
        let mut memory = Memory { read: vec![0; read], write: vec![0; write], shared: Shared::new() };
        let failure = Client::trusting(&root.der).open(&mut memory, &mut Silent).unwrap_err();
        assert_eq!(failure.to_string(), "tls: TLS buffers are too small: 16640 bytes to read, 512 to write");
    }
}

#[test]
fn memory_serves_one_connection_after_the_other() {
    let root = Authority::new();
    let mut memory = Memory::default();
    let client = Client::trusting(&root.der);
    client.wire.close();
    client.open(&mut memory, &mut Silent).unwrap_err();
    for _ in 0..2 {
        let client = Client::trusting(&root.der);
        let secure = client.open(&mut memory, &mut Rustls::new(&root.localhost())).unwrap();
        assert_eq!(secure.traffic().sent, client.wire.sent().len() as u64);
    }
}

#[test]
fn an_error_of_the_socket_is_one_of_the_tcp_stage() {
    connected(None, |client, server, mut secure| {
        read_everything(client, server, &mut secure);
        client.wire.fail(ErrorKind::ConnectionReset);
        let mut buf = [0; 16];
        let failures = [
            drive(&client.wire, server, secure.ready()).unwrap_err(),
            drive(&client.wire, server, secure.read(&mut buf)).unwrap_err(),
            drive(&client.wire, server, secure.write_all(&pattern(5_000))).unwrap_err(),
            drive(&client.wire, server, secure.flush()).unwrap_err(),
        ];
        for failure in failures {
            assert_eq!(Failure::from(failure).stage, Stage::Tcp);
            assert_eq!(failure.to_string(), "tcp: connection reset by the server");
        }
    });
    connected(None, |client, server, mut secure| {
        client.wire.fail(ErrorKind::BrokenPipe);
        for _ in 0..2 {
            let failure = drive(&client.wire, server, secure.write_all(&pattern(5_000))).unwrap_err();
            assert_eq!(failure.to_string(), "tcp: server no longer takes data");
        }
        drive(&client.wire, server, secure.close());
    });
    let root = Authority::new();
    let client = Client::trusting(&root.der);
    client.wire.fail(ErrorKind::BrokenPipe);
    let failure = client.open(&mut Memory::default(), &mut Silent).unwrap_err();
    assert_eq!(failure.to_string(), "tcp: server no longer takes data");
}

#[test]
fn a_read_that_was_abandoned_ends_the_connection() {
    connected(None, |client, server, mut secure| {
        read_everything(client, server, &mut secure);
        server.say(b"never read");
        let mut record = Vec::new();
        server.connection.write_tls(&mut record).unwrap();
        client.wire.send(&record[..9]);
        let mut buf = [0; 16];
        assert!(drive_while(&client.wire, &mut Silent, secure.read(&mut buf)).is_none());
        client.wire.send(&record[9..]);
        let abandoned = "tls: connection was abandoned in the middle of a record";
        assert_eq!(drive(&client.wire, server, secure.ready()).unwrap_err().to_string(), abandoned);
        assert_eq!(drive(&client.wire, server, secure.read(&mut buf)).unwrap_err().to_string(), abandoned);
        assert_eq!(drive(&client.wire, server, secure.write_all(b"x")).unwrap_err().to_string(), abandoned);
        let sent = client.wire.sent().len();
        drive(&client.wire, server, secure.close());
        assert_eq!(client.wire.sent().len(), sent, "nothing is sent after half a record");
    });
}
