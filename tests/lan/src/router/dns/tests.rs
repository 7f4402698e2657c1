use super::*;
use core::time::Duration;

const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const AAAA: u16 = 28;

fn query(name: &str, kind: u16) -> Vec<u8> {
    let mut query = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    encode(name, &mut query).expect("a name");
    query.extend_from_slice(&kind.to_be_bytes());
    query.extend_from_slice(&[0, 1]);
    query
}

#[derive(Debug, PartialEq, Eq)]
struct Record {
    owner: String,
    kind: u16,
    ttl: u32,
    data: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
struct Parsed {
    code: u8,
    truncated: bool,
    records: Vec<Record>,
}

fn name(message: &[u8], at: &mut usize) -> String {
    let (mut labels, mut read, mut jumped) = (Vec::new(), *at, false);
    loop {
        let length = usize::from(message[read]);
        if length & 0xc0 == 0xc0 {
            if !jumped {
                *at = read + 2;
            }
            jumped = true;
            read = (length & 0x3f) << 8 | usize::from(message[read + 1]);
            continue;
        }
        read += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8(message[read..read + length].to_vec()).expect("text"));
        read += length;
    }
    if !jumped {
        *at = read;
    }
    labels.join(".")
}

fn parse(message: &[u8]) -> Parsed {
    assert_eq!(message[..2], [0x12, 0x34], "the identifier of the query");
    assert_eq!(message[2] & 0x80, 0x80, "a response");
    let mut at = 12;
    for _ in 0..message[5] {
        name(message, &mut at);
        at += 4;
    }
    let mut records = Vec::new();
    for _ in 0..message[7] {
        let owner = name(message, &mut at);
        let length = usize::from(message[at + 9]) | usize::from(message[at + 8]) << 8;
        records.push(Record {
            owner,
            kind: u16::from_be_bytes([message[at], message[at + 1]]),
            ttl: u32::from_be_bytes(message[at + 4..at + 8].try_into().expect("four bytes")),
            data: message[at + 10..at + 10 + length].to_vec(),
        });
        at += 10 + length;
    }
    assert_eq!(at, message.len(), "nothing is left over");
    Parsed { code: message[3] & 15, truncated: message[2] & 2 != 0, records }
}

fn ask(dns: &Dns, query: &[u8]) -> Parsed {
    parse(&answer(dns, ROUTER, query).expect("an answer"))
}

fn address(owner: &str, address: [u8; 4]) -> Record {
    Record { owner: owner.to_owned(), kind: A, ttl: 60, data: address.to_vec() }
}

#[test]
fn a_known_name_has_its_addresses_whatever_its_case() {
    let mut dns = Dns::default();
    dns.insert("Cloud.Example.", Answer::Addresses(vec![Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)]));
    dns.ttl = Duration::from_secs(60);
    let parsed = ask(&dns, &query("cLoUd.eXample", A));
    let records = vec![address("cLoUd.eXample", [192, 0, 2, 1]), address("cLoUd.eXample", [192, 0, 2, 2])];
    assert_eq!(parsed, Parsed { code: 0, truncated: false, records });
}

#[test]
fn the_names_of_the_house_are_the_router() {
    for name in ["localhost", "deep.below.localhost", "cloud.test", "mqtt.cloud.test", "router.test", "time.test"] {
        assert_eq!(ask(&Dns::default(), &query(name, A)).records, [address(name, [10, 77, 0, 1])], "{name}");
    }
}

#[test]
fn an_unknown_name_does_not_exist() {
    for name in ["nowhere.test", "test", "notlocalhost", "example.com"] {
        let parsed = ask(&Dns::default(), &query(name, A));
        assert_eq!(parsed, Parsed { code: NO_SUCH_NAME, truncated: false, records: vec![] }, "{name}");
    }
}

#[test]
fn a_removed_name_does_not_exist() {
    let mut dns = Dns::default();
    dns.remove("Cloud.test.");
    assert_eq!(ask(&dns, &query("cloud.test", A)).code, NO_SUCH_NAME);
}

#[test]
fn other_types_of_a_known_name_are_an_empty_answer() {
    let empty = Parsed { code: 0, truncated: false, records: vec![] };
    for kind in [AAAA, 15, 16, 65] {
        assert_eq!(ask(&Dns::default(), &query("cloud.test", kind)), empty, "type {kind}");
    }
    assert_eq!(ask(&Dns::default(), &query("nowhere.test", AAAA)).code, NO_SUCH_NAME);
}

#[test]
fn an_alias_is_followed() {
    let mut dns = Dns::default();
    dns.insert("www.example", Answer::Alias("Front.Example".to_owned()));
    dns.insert("front.example", Answer::Alias("cloud.test".to_owned()));
    let parsed = ask(&dns, &query("www.example", A));
    let summary: Vec<_> = parsed.records.iter().map(|record| (record.owner.as_str(), record.kind)).collect();
    assert_eq!(summary, [("www.example", CNAME), ("front.example", CNAME), ("cloud.test", A)]);
    assert_eq!(parsed.records[0].data, b"\x05Front\x07Example\0");
    let direct = ask(&dns, &query("www.example", CNAME));
    assert_eq!(direct.records.len(), 1);
}

#[test]
fn an_alias_of_itself_ends() {
    let mut dns = Dns::default();
    dns.insert("loop.example", Answer::Alias("loop.example".to_owned()));
    let parsed = ask(&dns, &query("loop.example", A));
    assert!(parsed.records.iter().all(|record| record.kind == CNAME));
}

#[test]
fn an_answer_that_is_too_long_says_so() {
    let mut dns = Dns::default();
    dns.insert("big.example", Answer::Addresses((0..100).map(|n| Ipv4Addr::new(192, 0, 2, n)).collect()));
    let message = answer(&dns, ROUTER, &query("big.example", A)).expect("an answer");
    assert!(message.len() <= 512);
    let parsed = parse(&message);
    assert!(parsed.truncated);
    assert_eq!(parsed.records.len(), (512 - 12 - 17) / 16);
}

#[test]
fn a_single_name_may_go_wrong() {
    let mut dns = Dns::default();
    dns.insert("broken.test", Answer::Fault(DnsFault::ServerFailure));
    dns.insert("mute.test", Answer::Fault(DnsFault::Silent));
    assert_eq!(ask(&dns, &query("broken.test", A)).code, SERVER_FAILURE);
    assert!(answer(&dns, ROUTER, &query("mute.test", A)).is_none());
    assert_eq!(ask(&dns, &query("cloud.test", A)).code, 0);
}

#[test]
fn an_edns_option_after_the_question_does_no_harm() {
    let mut query = query("cloud.test", A);
    query[11] = 1;
    query.extend_from_slice(&[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
    assert_eq!(ask(&Dns::default(), &query).records.len(), 1);
}

#[test]
fn malformed_questions_are_format_errors() {
    let good = query("cloud.test", A);
    let mut none = good.clone();
    none[5] = 0;
    let mut two = good.clone();
    two[5] = 2;
    let mut compressed = good[..12].to_vec();
    compressed.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1]);
    let mut dotted = good[..12].to_vec();
    dotted.extend_from_slice(b"\x0acloud.test\0\0\x01\0\x01");
    let mut long = good[..12].to_vec();
    for _ in 0..5 {
        long.push(63);
        long.extend_from_slice(&[b'a'; 63]);
    }
    long.extend_from_slice(&[0, 0, 1, 0, 1]);
    for query in [&good[..good.len() - 1], &good[..20], &none, &two, &compressed, &dotted, &long] {
        assert_eq!(ask(&Dns::default(), query).code, FORMAT_ERROR);
    }
}

#[test]
fn what_is_no_query_is_not_answered_as_one() {
    let mut response = query("cloud.test", A);
    response[2] |= 0x80;
    assert!(answer(&Dns::default(), ROUTER, &response).is_none());
    assert!(answer(&Dns::default(), ROUTER, &response[..11]).is_none());
    let mut update = query("cloud.test", A);
    update[2] = 5 << 3;
    assert_eq!(ask(&Dns::default(), &update).code, NOT_IMPLEMENTED);
}
