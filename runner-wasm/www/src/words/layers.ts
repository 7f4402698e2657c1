// What the layers on the cable are called, and what each is for.

import type { Flag, Protocol, Purpose } from "../bridge/inspect";

export const PROTOCOLS: Readonly<Record<Protocol, readonly [string, string]>> = {
  ethernet: ["Ethernet", "Carries everything between two machines on the same cable."],
  arp: ["ARP", "Finds out which network card has an address."],
  ipv4: ["IP", "Carries a packet from one address to another, across networks."],
  icmp: ["ICMP", "Tells that something on the way did not work."],
  udp: ["UDP", "Single messages that may get lost."],
  dhcp: ["DHCP", "The device asks the network for an address."],
  dns: ["DNS", "Finds the address for a name."],
  ntp: ["NTP", "Finds out what time it is."],
  tcp: ["TCP", "A stream of bytes that arrives whole and in order."],
  data: ["Data", "Bytes that nobody here understands."],
  socks5: ["SOCKS5", "Asks a proxy for a connection."],
  tls: ["TLS", "Encrypts, and proves who is at the other end."],
  http: ["HTTP", "Question and answer."],
  websocket: ["WebSocket", "A line on which both sides can talk at any time."],
  mqtt: ["MQTT", "Small messages with topics."],
  aclk: ["ACLK", "What node and Cloud say to each other."],
};

export const PURPOSES: Readonly<Record<Purpose, string>> = {
  address: "its address", name: "a name", time: "the time", claim: "the claim", env: "/env", challenge: "the challenge", password: "the password", link: "the link", "local-api": "the local API", unknown: "not known yet",
};

export const FLAGS: Readonly<Record<Flag, string>> = {
  retransmission: "sent again", "out-of-order": "too early", gap: "bytes missing", "bad-checksum": "damaged", encrypted: "encrypted", malformed: "malformed", reset: "reset",
};
