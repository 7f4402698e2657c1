//! The inputs of each target: recordings as they are, and attacks that are spelt out.

use super::Corpus;
use super::certificates::Certificates;
use super::record::Connection;
use aclk_core::stage::Purpose;
use aclk_fuzz::input::Recipe;

/// Cut nowhere, and into small pieces.
const CUTS: [&[u8; 4]; 2] = [&[0; 4], &[1, 7, 2, 60]];

/// The payloads of binary frames of a server.
fn frames(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut payloads = Vec::new();
    while let [first, len, rest @ ..] = bytes {
        let (len, rest) = match len & 0x7f {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            len => (usize::from(len), rest),
        };
        let (payload, behind) = rest.split_at(len);
        if first & 0xf == 2 {
            payloads.push(payload);
        }
        bytes = behind;
    }
    payloads
}

/// The topic and the payload of a PUBLISH.
fn published(packet: &[u8]) -> Option<(String, &[u8])> {
    if packet[0] >> 4 != 3 {
        return None;
    }
    let length_field = packet[1..].iter().position(|byte| byte & 0x80 == 0)? + 1;
    let body = &packet[1 + length_field..];
    let (topic, rest) = body[2..].split_at(usize::from(u16::from_be_bytes([body[0], body[1]])));
    let rest = if packet[0] & 6 == 0 { rest } else { &rest[2..] };
    // Its properties are few.
    Some((String::from_utf8(topic.to_vec()).unwrap(), &rest[1 + usize::from(rest[0])..]))
}

pub(crate) fn recorded(corpus: &Corpus, conversation: &[Connection]) {
    // The whole of it, as the Cloud said it, for a device that is about to be claimed.
    let mut session = Recipe::new().byte(1);
    for Connection { purpose, by_device, by_cloud } in conversation {
        let name = format!("{purpose:?}").to_lowercase();
        let end = by_cloud.windows(4).position(|part| part == b"\r\n\r\n").map_or(0, |at| at + 4);
        let (head, body) = by_cloud.split_at(end);
        for (cuts, how) in CUTS.iter().zip(["whole", "pieces"]) {
            let body = if *purpose == Purpose::Link { &[] } else { body };
            corpus.add("http_reply", &format!("{name}-{how}"), &[*cuts, head, body].concat());
        }
        if *purpose != Purpose::Link {
            if !body.is_empty() {
                corpus.add("json", &name, body);
            }
            let kind = [Purpose::Env, Purpose::Challenge, Purpose::Password, Purpose::Claim]
                .iter()
                .position(|it| it == purpose);
            corpus.add("cloud_replies", &name, &Recipe::new().byte(kind.unwrap() as u8).byte(0).rest(body).done());
            session = session.byte(0).bytes(by_cloud);
            corpus.add(
                "inspect",
                &name,
                &Recipe::new()
                    .byte(1)
                    .byte(1)
                    .bytes(&by_device[..by_device.len().min(1_400)])
                    .byte(1)
                    .byte(0)
                    .bytes(&by_cloud[..by_cloud.len().min(1_400)])
                    .done(),
            );
            continue;
        }
        let body = &body[..body.len().min(3_000)];
        for (cuts, how) in CUTS.iter().zip(["whole", "pieces"]) {
            corpus.add("websocket", &format!("link-{how}"), &[&cuts[..], body].concat());
        }
        session = session.byte(0).bytes(by_cloud);
        let packets = frames(&by_cloud[end..]);
        corpus.add("mqtt", "link", &[&CUTS[1][..], &packets.concat()].concat());
        for packet in &packets {
            corpus.add("mqtt", &format!("packet-{}", packet[0] >> 4), &[&CUTS[0][..], packet].concat());
            corpus.add(
                "inspect",
                &format!("packet-{}", packet[0] >> 4),
                &Recipe::new().byte(3).byte(0).byte(6).byte(0).bytes(packet).done(),
            );
            let Some((topic, payload)) = published(packet) else { continue };
            let message = topic.rsplit('/').next().unwrap();
            let kind = [
                "DisconnectReq",
                "SendNodeInstances",
                "CreateNodeInstanceResult",
                "CancelPendingRequest",
                "ContextsCheckpoint",
                "StopStreamingContexts",
            ];
            if let Some(kind) = kind.iter().position(|name| *name == message) {
                corpus.add("protobuf", message, &Recipe::new().byte(kind as u8).rest(payload).done());
            }
            if message == "cmd" {
                let path = String::from_utf8_lossy(payload);
                let path = path
                    .split("GET /")
                    .nth(1)
                    .and_then(|rest| rest.split([' ', '?']).next())
                    .unwrap_or("none")
                    .replace('/', "-");
                corpus.add("query", &path, &Recipe::new().byte(4).byte(0).number(1).bytes(payload).byte(3).done());
            }
        }
    }
    corpus.add("session", "recorded", &session.done());
}

pub(crate) fn certificates(corpus: &Corpus, certificates: &Certificates) {
    for (name, chain) in &certificates.chains {
        let input = chain.iter().fold(Recipe::new().byte(0).byte(0), |input, der| input.bytes(der));
        corpus.add("certificate", name, &input.done());
    }
    corpus.add("certificate", "without-a-clock", &Recipe::new().byte(0).byte(3).bytes(&certificates.leaf).done());
    corpus.add("certificate", "address", &Recipe::new().byte(2).byte(0).bytes(&certificates.leaf).done());
    corpus.add("der_pem", "authority", &Recipe::new().byte(3).rest(&certificates.authority).done());
    corpus.add("der_pem", "leaf", &Recipe::new().byte(3).rest(&certificates.leaf).done());
    corpus.add("der_pem", "pem", &Recipe::new().byte(0).rest(aclk_pair::PRIVATE_PEM.as_bytes()).done());
    let pem = aclk_core::identity::pem::PrivateDer::read(aclk_pair::PRIVATE_PEM.as_bytes()).unwrap();
    corpus.add("der_pem", "pkcs8", &Recipe::new().byte(1).rest(pem.der.expose()).done());
    // The key inside of PKCS #8 is PKCS #1.
    corpus.add("der_pem", "pkcs1", &Recipe::new().byte(2).rest(&pem.der.expose()[26..]).done());

    let data = |input: Recipe| {
        input.byte(11).bytes(b"hello\x17").byte(11).bytes(b"and more\x17\0\0").byte(11).bytes(b"\x01\0\x15").done()
    };
    corpus.add("records", "good", &data(Recipe::new().byte(0).byte(14)));
    corpus.add("records", "good-in-drips", &data(Recipe::new().byte(2).byte(14)));
    let steps = || Recipe::new().byte(0).byte(2).byte(4).bytes(b"").byte(5).byte(6);
    corpus.add("records", "message-by-message", &data(steps().byte(8).byte(10)));
    corpus.add(
        "records",
        "wrong-proof",
        &Recipe::new()
            .byte(0)
            .byte(2)
            .byte(4)
            .bytes(b"")
            .byte(5)
            .byte(7)
            .number(0x0403)
            .byte(9)
            .byte(1)
            .byte(8)
            .byte(10)
            .done(),
    );
    corpus.add("records", "wrong-end", &data(steps().byte(9).byte(3).byte(10)));
    corpus.add("records", "without-end", &data(steps().byte(10)));
    corpus.add("records", "damaged", &Recipe::new().byte(0).byte(14).byte(12).number(7).byte(1).bytes(b"hello").done());
    corpus.add(
        "records",
        "ticket",
        &Recipe::new()
            .byte(0)
            .byte(14)
            .byte(13)
            .byte(4)
            .bytes(b"\0\0\x1c\x20\x01\x02\x03\x04\x01\0\0\x06ticket\0\0")
            .byte(11)
            .bytes(b"x\x17")
            .done(),
    );
    corpus.add("records", "alert", &Recipe::new().byte(0).byte(1).byte(21).bytes(&[2, 40]).done());
    corpus.add("records", "raw", &Recipe::new().byte(0).byte(0).bytes(b"\x16\x03\x03\x00\x04\x02\x00\x00\x00").done());
    for (what, content) in
        [(0, &b""[..]), (1, b"another session"), (2, b""), (3, b""), (4, b"\x03\x03"), (5, b"behind")]
    {
        corpus.add(
            "records",
            &format!("hello-{what}"),
            &Recipe::new().byte(0).byte(3).byte(what).bytes(content).byte(4).bytes(b"").done(),
        );
    }
}

pub(crate) fn documents(corpus: &Corpus) {
    for (name, reply) in [
        (
            "chunked",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0A\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
        ),
        (
            "interim",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        ),
        (
            "later",
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 120\r\nDate: Sun, 01 Jun 2025 00:00:00 GMT\r\nContent-Length: 2\r\n\r\n{}",
        ),
        ("two-lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
        ("old", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"),
    ] {
        corpus.add("http_reply", name, &[&CUTS[1][..], reply.as_bytes()].concat());
    }
    for (name, document) in [
        (
            "all-kinds",
            r#"{"text":"\u00e9\n","maybe":null,"small":1,"signed":-1,"wide":18446744073709551615,"deep":1,"ratio":1.5e-3,"flag":true,"kind":"json","list":[1,null],"pair":[1,true],"inner":{"name":"n","more":[[true]]},"x":{"y":[]}}"#,
        ),
        ("nested", "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"),
        ("surrogates", r#"["\ud83d\ude00","\ud83d"]"#),
        ("numbers", "[0,-0,1e9,0.1,1E+2,-1.5]"),
    ] {
        corpus.add("json", name, document.as_bytes());
    }
    let error = r#"{"errorCode":"t-1","errorMsgKey":"ErrForbidden","errorMessage":"no","errorNonRetryable":true,"errorRetryDelaySeconds":60}"#;
    corpus.add("cloud_replies", "error", &Recipe::new().byte(3).byte(0).rest(error.as_bytes()).done());
    for (kind, name, bytes) in [
        (0, "disconnect", &b"\x08\x07\x10\x01\x1a\x02\x08\x01\x20\x09\x2a\x03why\x7a\x01x"[..]),
        (3, "cancel", b"\x0a\x04id-1\x12\x02\x08\x01"),
        (5, "stop", b"\x0a\x01c\x12\x01n\x18\x00"),
        (2, "groups", b"\x0a\x01n\x0b\x0c\x12\x01m\x25\0\0\0\0\x29\0\0\0\0\0\0\0\0"),
    ] {
        corpus.add("protobuf", name, &Recipe::new().byte(kind).rest(bytes).done());
    }
    for (name, frames) in [
        ("close", &b"\x88\x05\x03\xe8bye"[..]),
        ("ping", b"\x89\x02hi\x8a\0\x81\x02ok"),
        ("long", b"\x82\x7e\0\x80and so on"),
        ("fragments", b"\x02\x01a\x80\x01b"),
    ] {
        corpus.add("websocket", name, &[&CUTS[1][..], frames].concat());
    }
    corpus.add("mqtt", "disconnect", &[&CUTS[0][..], b"\xe0\x08\x8e\x06\x1f\0\x03why"].concat());
    corpus.add(
        "mqtt",
        "connack",
        &[&CUTS[0][..], b"\x20\x10\0\0\x0d\x21\0\x10\x27\0\0\x10\0\x22\0\x08\x13\0\x3c"].concat(),
    );
    for (name, text) in [
        (
            "claim",
            "# mine\n[global]\n  url = https://app.netdata.cloud\n  token = \"abc\"\n  rooms = a,b\n  proxy = socks5h://u:p@h:1080\n  insecure = no\n",
        ),
        (
            "netdata",
            "[web]\n\tbind to = 127.0.0.1 [::1]:19999=dashboard\n[cloud]\n proxy = env\n[ global ]\r\n url=http://x\r\n",
        ),
        ("odd", "url = 1\n[global\n[global]\n[]\n=\nurl\n cloud  base\turl = a=b = c\n; url = x\n#[web]"),
        ("none", ""),
    ] {
        corpus.add(
            "conf",
            name,
            &Recipe::new().byte(0).byte(1).bytes(b"https://[2001:db8::1]:8443/base").rest(text.as_bytes()).done(),
        );
    }
    for (name, bytes) in [
        ("done", &b"X0\0Opong\0"[..]),
        ("failed", b"X1\0Eno\0"),
        ("odd", b"Oa\0X7\0Q?\0Ec\n\0\0Ob"),
        ("no-code", b"X\xff\0O\xff"),
    ] {
        corpus.add("pipe", name, &Recipe::new().byte(1).rest(bytes).done());
    }
    for (name, request) in [
        ("state", "aclk-state json"),
        ("read", "read-config cloud|global|proxy"),
        ("write", "write-config cloud|global|url|\"https://x\""),
        ("unknown", "pin g"),
    ] {
        corpus.add("pipe", name, &Recipe::new().byte(0).rest(request.as_bytes()).done());
    }
}

pub(crate) fn talks(corpus: &Corpus) {
    for (proxy, name, answer) in [
        (0, "open", &b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n\x16\x03"[..]),
        (1, "wants-credentials", b"HTTP/1.1 407 alice:hunter2\r\nProxy-Authenticate: NTLM, Basic realm=\"a\"\r\n\r\n"),
        (0, "interim", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200\r\n\r\n"),
        (2, "socks", b"\x05\0\x05\0\0\x01\x01\x02\x03\x04\0\x50more"),
        (3, "socks-credentials", b"\x05\x02\x01\0\x05\0\0\x03\x02ab\0\0"),
        (4, "socks-refused", b"\x05\0\x05\x02\0\x04"),
        (5, "url", b"socks5h://al%69ce:p%40ss@[2001:db8::1]:1080/"),
    ] {
        let input = Recipe::new().byte(proxy);
        let input = if proxy == 5 { input } else { input.byte(3) };
        corpus.add("proxy", name, &input.rest(answer).done());
    }
    let good = |goal: u8| Recipe::new().byte(goal).byte(1).byte(1);
    corpus.add("session", "link", &good(0).byte(8).byte(1).byte(8).done());
    corpus.add("session", "claim", &good(2).byte(1).done());
    corpus.add("session", "check", &good(5).byte(1).done());
    corpus.add(
        "session",
        "in-pieces",
        &Recipe::new().byte(1).byte(7).byte(3).byte(1).byte(1).byte(9).number(6_000).byte(1).done(),
    );
    corpus.add(
        "session",
        "refused",
        &Recipe::new().byte(1).byte(3).byte(5).bytes(br#"{"errorMsgKey":"ErrForbidden"}"#).byte(8).byte(1).done(),
    );
    corpus.add(
        "session",
        "told-to-wait",
        &Recipe::new().byte(0).byte(3).byte(9).bytes(br#"{"errorRetryDelaySeconds":7}"#).byte(8).byte(1).done(),
    );
    corpus.add(
        "session",
        "breaks",
        &good(0).byte(11).byte(12).byte(0).byte(8).byte(12).byte(1).byte(8).byte(1).byte(10).byte(8).byte(1).done(),
    );
    corpus.add(
        "session",
        "storage-and-key-fail",
        &Recipe::new()
            .byte(1)
            .byte(13)
            .byte(0)
            .byte(8)
            .byte(13)
            .byte(2)
            .byte(1)
            .byte(8)
            .byte(13)
            .byte(1)
            .byte(1)
            .byte(8)
            .done(),
    );
    corpus.add(
        "session",
        "changed-from-outside",
        &good(0).byte(14).byte(0).byte(1).byte(14).byte(1).byte(8).byte(14).byte(0).byte(1).byte(15).byte(1).done(),
    );
    let publish =
        |topic: u8, payload: &[u8]| good(0).byte(6).byte(topic).number(9).bytes(payload).byte(1).byte(8).done();
    let query = b"{\"type\":\"http\",\"msg-id\":\"m\",\"callback-topic\":\"/svc/x\",\"version\":2,\"timeout\":5000}\r\n\r\nGET /api/v1/data?chart=fuzz.two HTTP/1.1\r\n\r\n";
    corpus.add("session", "asked", &publish(0, query));
    corpus.add("session", "sent-away", &publish(1, b"\x08\x07\x2a\x03why"));
    corpus.add("session", "banned", &publish(1, b"\x10\x01"));
    corpus.add("session", "asked-for-nodes", &publish(2, b"\x0a\x01c"));
    let id = b"99999999-8888-4777-8666-555555555555";
    let node = [&b"\x0a\x24"[..], id, b"\x12\x24", aclk_pair::GUID.as_bytes()].concat();
    corpus.add(
        "session",
        "node",
        &good(0)
            .byte(6)
            .byte(3)
            .number(9)
            .bytes(&node)
            .byte(1)
            .byte(6)
            .byte(4)
            .number(10)
            .bytes(&[&b"\x0a\x24"[..], aclk_pair::GUID.as_bytes(), b"\x12\x24", id, b"\x18\x01"].concat())
            .byte(1)
            .byte(8)
            .byte(1)
            .done(),
    );
    corpus.add(
        "session",
        "closed",
        &good(0).byte(4).byte(8).bytes(b"\x03\xe8").byte(1).byte(10).byte(8).byte(1).done(),
    );
    corpus.add(
        "session",
        "nearly-good",
        &Recipe::new()
            .byte(0)
            .byte(2)
            .number(9)
            .byte(b'5')
            .byte(8)
            .byte(2)
            .number(80)
            .byte(b'"')
            .byte(8)
            .byte(1)
            .done(),
    );
    corpus.add(
        "session",
        "packets",
        &good(0).byte(5).byte(0x40).bytes(&[0, 1]).byte(5).byte(0xe0).bytes(&[0x8e]).byte(8).byte(1).done(),
    );
    for (name, manner, request) in [
        ("info", 0, "GET /api/v1/info HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("data", 0, "GET /api/v1/data?chart=fuzz.two&after=-60&points=10&format=json HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("metrics", 2, "GET /api/v1/allmetrics?format=prometheus HTTP/1.0\r\n\r\n"),
        ("options", 4, "OPTIONS * HTTP/1.1\r\nHost: a\r\nOrigin: b\r\nConnection: close\r\n\r\n"),
        ("body", 0, "POST /api/v1/data HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"),
        ("half", 1, "GET /api/v1/charts HTT"),
    ] {
        let input = Recipe::new().byte(manner);
        let input = if manner & 2 == 0 { input } else { input.byte(9) };
        corpus.add(
            "local_api",
            name,
            &input.byte(0).bytes(request.as_bytes()).byte(2).bytes(b"GET /").byte(3).bytes(b"x").done(),
        );
    }
    let dns = b"\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0\x05cloud\x04test\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\x4d\0\x01";
    corpus.add("inspect", "dns", &Recipe::new().byte(5).byte(0).byte(0).bytes(dns).done());
    corpus.add("inspect", "arp", &Recipe::new().byte(0).byte(1).bytes(b"\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x07\x08\x06\0\x01\x08\0\x06\x04\0\x01\x02\0\0\0\0\x07\x0a\x4d\0\x64\0\0\0\0\0\0\x0a\x4d\0\x01").done());
    let hello = b"\x16\x03\x01\x00\x4c\x01\x00\x00\x48\x03\x03RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR\x00\x00\x02\x13\x01\x01\x00\x00\x1d\x00\x00\x00\x0f\x00\x0d\x00\x00\x0acloud.test\x00\x2b\x00\x03\x02\x03\x04\x00\x0a\x00\x00";
    let keys = format!("CLIENT_TRAFFIC_SECRET_0 {} {}", "52".repeat(32), "ab".repeat(32));
    corpus.add(
        "inspect",
        "tls",
        &Recipe::new()
            .byte(4)
            .byte(0)
            .bytes(keys.as_bytes())
            .byte(1)
            .byte(1)
            .bytes(hello)
            .byte(2)
            .byte(0)
            .byte(1)
            .number(3)
            .bytes(b"\x15\x03\x03\0\x02\x02\x28")
            .done(),
    );
}

pub(crate) fn firmware(corpus: &Corpus) {
    for (name, keys) in [
        ("claim", &b"claim secret-token room-1,room-2 https://other.example\r"[..]),
        ("status", b"status\r"),
        ("help", b"help\rreboot\r"),
        ("edited", b"cla\x7f\x7flaim \xc3\xa9\x7f\x15unclaim\r\n"),
        ("control", b"\x1b[A\x1b[2J\x03\x04\x08\t\0\xff\r"),
    ] {
        let answered =
            Recipe::new().byte(0).bytes(keys).byte(7).byte(0).byte(6).bytes(b"online").byte(5).byte(7).byte(1);
        corpus.add("console", name, &answered.byte(0).bytes(b"status\r").done());
    }
    corpus.add("flash", "overwritten", &Recipe::new().byte(0).number(300).bytes(b"something else").done());
    corpus.add("flash", "zeros", &Recipe::new().byte(1).number(0).number(16_384).byte(0).done());
    corpus.add("flash", "half-erased", &Recipe::new().byte(1).number(2_048).number(4_096).byte(0xff).byte(5).done());
    corpus.add("flash", "page-of-another", &Recipe::new().byte(2).byte(0).byte(1).byte(2).byte(3).byte(4).done());
    corpus.add(
        "flash",
        "power-cut",
        &Recipe::new().byte(4).byte(5).byte(2).byte(5).byte(4).byte(1).byte(0).byte(5).done(),
    );
    for slot in 0..6_u8 {
        let content = [&[slot][..], &[1; 40]].concat();
        corpus.add("flash", &format!("record-{slot}"), &Recipe::new().byte(3).bytes(&content).byte(5).done());
    }
}
