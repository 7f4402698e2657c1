use super::*;

const MAC: Mac = [2, 0, 0, 0, 0, 7];
const OTHER: Mac = [2, 0, 0, 0, 0, 8];
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 100);

const DISCOVER: u8 = 1;
const REQUEST: u8 = 3;
const DECLINE: u8 = 4;
const RELEASE: u8 = 7;
const INFORM: u8 = 8;

/// A message of a client, made by hand.
#[derive(Clone)]
struct Client {
    mac: Mac,
    kind: u8,
    broadcast: bool,
    ciaddr: Ipv4Addr,
    requested: Option<Ipv4Addr>,
    server: Option<Ipv4Addr>,
}

impl Client {
    const fn new(kind: u8) -> Self {
        Self { mac: MAC, kind, broadcast: false, ciaddr: Ipv4Addr::UNSPECIFIED, requested: None, server: None }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef, 0, 0, if self.broadcast { 0x80 } else { 0 }, 0];
        bytes.extend_from_slice(&self.ciaddr.octets());
        bytes.extend_from_slice(&[0; 12]);
        bytes.extend_from_slice(&self.mac);
        bytes.resize(236, 0);
        bytes.extend_from_slice(&[0x63, 0x82, 0x53, 0x63, 53, 1, self.kind]);
        for (code, address) in [(50, self.requested), (54, self.server)] {
            if let Some(address) = address {
                bytes.extend_from_slice(&[code, 4]);
                bytes.extend_from_slice(&address.octets());
            }
        }
        bytes.push(255);
        bytes
    }
}

/// What the server said, read by hand.
struct Said {
    kind: u8,
    address: Ipv4Addr,
    to: (Ipv4Addr, Mac),
    options: BTreeMap<u8, Vec<u8>>,
}

fn read(reply: &Reply) -> Said {
    let payload = &reply.payload;
    assert!(payload.len() >= 300);
    assert_eq!(payload[..8], [2, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
    let mut options = BTreeMap::new();
    let mut at = 240;
    while payload[at] != 255 {
        let length = usize::from(payload[at + 1]);
        options.insert(payload[at], payload[at + 2..at + 2 + length].to_vec());
        at += 2 + length;
    }
    assert_eq!(options[&54], SERVER.octets());
    let address = Ipv4Addr::new(payload[16], payload[17], payload[18], payload[19]);
    Said { kind: options[&53][0], address, to: (reply.destination, reply.mac), options }
}

struct Server {
    leases: Leases,
    config: Config,
    now: Instant,
}

impl Server {
    fn new() -> Self {
        Self { leases: Leases::default(), config: Config::default(), now: Instant::START }
    }

    fn hears(&mut self, message: &Client) -> Option<Said> {
        self.leases.answer(&self.config, self.now, &message.bytes()).map(|reply| read(&reply))
    }

    /// DISCOVER, OFFER, REQUEST, ACK.
    fn lease(&mut self, mac: Mac) -> Ipv4Addr {
        let offer = self.hears(&Client { mac, ..Client::new(DISCOVER) }).expect("an offer");
        assert_eq!(offer.kind, 2);
        let select = Client { mac, requested: Some(offer.address), server: Some(SERVER), ..Client::new(REQUEST) };
        let ack = self.hears(&select).expect("an answer");
        assert_eq!((ack.kind, ack.address), (5, offer.address));
        ack.address
    }

    fn passes(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }
}

#[test]
fn a_lease_comes_with_all_that_a_device_needs() {
    let mut server = Server::new();
    server.config.dhcp.lease = Duration::from_secs(600);
    server.config.dhcp.renew = Some(Duration::from_secs(100));
    server.config.dhcp.rebind = Some(Duration::from_secs(500));
    server.config.mtu = 1_400;
    let said = server.hears(&Client::new(DISCOVER)).expect("an offer");
    assert_eq!(said.address, FIRST);
    let expected: [(u8, &[u8]); 9] = [
        (1, &[255, 255, 255, 0]),
        (3, &SERVER.octets()),
        (6, &SERVER.octets()),
        (26, &1_400_u16.to_be_bytes()),
        (42, &SERVER.octets()),
        (51, &600_u32.to_be_bytes()),
        (53, &[2]),
        (58, &100_u32.to_be_bytes()),
        (59, &500_u32.to_be_bytes()),
    ];
    for (code, value) in expected {
        assert_eq!(said.options.get(&code).map(Vec::as_slice), Some(value), "option {code}");
    }
}

#[test]
fn a_device_keeps_its_address_and_others_get_others() {
    let mut server = Server::new();
    assert_eq!(server.lease(MAC), FIRST);
    assert_eq!(server.lease(OTHER), Ipv4Addr::new(10, 77, 0, 101));
    assert_eq!(server.lease(MAC), FIRST);
    server.passes(1_000_000);
    assert_eq!(server.lease(OTHER), Ipv4Addr::new(10, 77, 0, 101), "even after the lease has ended");
}

#[test]
fn a_wish_for_a_free_address_is_granted_and_for_others_is_not() {
    let mut server = Server::new();
    server.lease(OTHER);
    let wish = |requested| Client { requested: Some(requested), ..Client::new(DISCOVER) };
    let last = Ipv4Addr::new(10, 77, 0, 199);
    let beyond = Ipv4Addr::new(10, 77, 0, 200);
    assert_eq!(server.hears(&wish(last)).expect("an offer").address, last);
    server.leases = Leases::default();
    server.lease(OTHER);
    assert_eq!(server.hears(&wish(FIRST)).expect("an offer").address, Ipv4Addr::new(10, 77, 0, 101));
    server.leases = Leases::default();
    assert_eq!(server.hears(&wish(beyond)).expect("an offer").address, FIRST);
}

#[test]
fn a_request_for_what_was_not_offered_is_refused() {
    let mut server = Server::new();
    server.hears(&Client::new(DISCOVER)).expect("an offer");
    let other = Client { requested: Some(SERVER), server: Some(SERVER), ..Client::new(REQUEST) };
    let said = server.hears(&other).expect("an answer");
    assert_eq!((said.kind, said.address), (6, Ipv4Addr::UNSPECIFIED));
    assert!(!said.options.contains_key(&51) && !said.options.contains_key(&3), "a refusal has no settings");
}

#[test]
fn a_device_that_takes_another_servers_offer_frees_ours() {
    let mut server = Server::new();
    server.hears(&Client::new(DISCOVER)).expect("an offer");
    let elsewhere = Client {
        requested: Some(Ipv4Addr::new(10, 77, 0, 5)),
        server: Some(Ipv4Addr::new(10, 77, 0, 2)),
        ..Client::new(REQUEST)
    };
    assert!(server.hears(&elsewhere).is_none());
    assert_eq!(server.lease(OTHER), FIRST);
}

#[test]
fn a_renewal_is_granted_as_long_as_the_lease_stands() {
    let mut server = Server::new();
    server.config.dhcp.lease = Duration::from_secs(100);
    server.lease(MAC);
    let renew = Client { ciaddr: FIRST, ..Client::new(REQUEST) };
    server.passes(99);
    let said = server.hears(&renew).expect("an answer");
    assert_eq!((said.kind, said.to), (5, (FIRST, MAC)));
    server.passes(99);
    assert_eq!(server.hears(&renew).expect("an answer").kind, 5, "the renewal counts from when it was made");
    server.passes(100);
    assert_eq!(server.hears(&renew).expect("an answer").kind, 6);
}

#[test]
fn a_device_that_restarts_may_go_on_with_its_address() {
    let mut server = Server::new();
    let reboot = |requested| Client { requested: Some(requested), ..Client::new(REQUEST) };
    assert!(server.hears(&reboot(FIRST)).is_none(), "a server that knows nothing of it keeps silent");
    assert_eq!(server.hears(&reboot(Ipv4Addr::new(192, 168, 1, 5))).expect("an answer").kind, 6, "wrong network");
    server.lease(MAC);
    assert_eq!(server.hears(&reboot(FIRST)).expect("an answer").kind, 5);
    assert_eq!(server.hears(&reboot(Ipv4Addr::new(10, 77, 0, 120))).expect("an answer").kind, 6);
}

#[test]
fn a_released_address_is_free_again() {
    let mut server = Server::new();
    server.lease(MAC);
    assert!(server.hears(&Client { ciaddr: FIRST, ..Client::new(RELEASE) }).is_none());
    assert_eq!(server.leases.address_of(MAC, server.now), None);
    assert_eq!(server.lease(OTHER), FIRST);
}

#[test]
fn a_declined_address_is_left_alone_for_a_while() {
    let mut server = Server::new();
    server.lease(MAC);
    assert!(server.hears(&Client { requested: Some(FIRST), ..Client::new(DECLINE) }).is_none());
    assert_ne!(server.lease(MAC), FIRST);
    server.passes(60 * 60);
    assert_eq!(server.lease(OTHER), FIRST);
}

#[test]
fn a_device_with_an_address_of_its_own_is_told_the_rest() {
    let mut server = Server::new();
    let own = Ipv4Addr::new(10, 77, 0, 50);
    let said = server.hears(&Client { ciaddr: own, ..Client::new(INFORM) }).expect("an answer");
    assert_eq!((said.kind, said.address, said.to), (5, Ipv4Addr::UNSPECIFIED, (own, MAC)));
    assert!(said.options.contains_key(&6) && !said.options.contains_key(&51));
}

#[test]
fn an_answer_goes_where_the_device_can_hear_it() {
    let mut server = Server::new();
    let everybody = (Ipv4Addr::BROADCAST, [0xff; 6]);
    assert_eq!(server.hears(&Client::new(DISCOVER)).expect("an offer").to, (FIRST, MAC));
    let deaf = Client { broadcast: true, ..Client::new(DISCOVER) };
    assert_eq!(server.hears(&deaf).expect("an offer").to, everybody);
    let wrong = Client { ciaddr: SERVER, ..Client::new(REQUEST) };
    assert_eq!(server.hears(&wrong).expect("a refusal").to, everybody);
}

#[test]
fn the_pool_ends_and_an_offer_not_taken_returns_to_it() {
    let mut server = Server::new();
    server.config.dhcp.count = 1;
    server.hears(&Client::new(DISCOVER)).expect("an offer");
    let other = Client { mac: OTHER, ..Client::new(DISCOVER) };
    assert!(server.hears(&other).is_none());
    server.passes(60);
    assert_eq!(server.hears(&other).expect("an offer").address, FIRST);
}

#[test]
fn addresses_of_the_router_are_not_given_out() {
    let mut server = Server::new();
    server.config.dhcp.first = SERVER;
    server.config.nat.addresses = vec![Ipv4Addr::new(10, 77, 0, 2)];
    assert_eq!(server.lease(MAC), Ipv4Addr::new(10, 77, 0, 3));
}

#[test]
fn a_revoked_device_gets_another_address() {
    let mut server = Server::new();
    server.lease(MAC);
    server.leases.revoke();
    assert_eq!(server.leases.address_of(MAC, server.now), None);
    assert_eq!(server.hears(&Client { ciaddr: FIRST, ..Client::new(REQUEST) }).expect("an answer").kind, 6);
    assert_ne!(server.lease(MAC), FIRST);
}

#[test]
fn any_number_of_devices_is_remembered_only_so_far() {
    let mut server = Server::new();
    for number in 0..5_000_u16 {
        let [high, low] = number.to_be_bytes();
        server.hears(&Client { mac: [2, 0, 0, 1, high, low], ..Client::new(DISCOVER) });
        server.passes(61);
    }
    assert!(server.leases.by_client.len() <= REMEMBERED);
}
