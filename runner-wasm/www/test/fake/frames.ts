import type { Dissection, Protocol, Summary } from "../../src/bridge/inspect";
import type { Purpose, Stage } from "../../src/bridge/types";

const PROTOCOLS: Readonly<Partial<Record<Stage, Protocol>>> = { dns: "dns", tcp: "tcp", tls: "tls", http: "http", websocket: "websocket", mqtt: "mqtt", app: "aclk", decrypt: "tcp" };
const TEXTS: Readonly<Partial<Record<Protocol, string>>> = { dns: "Which address has cloud.test?", tcp: "49152 → 443, SYN", tls: "ClientHello for cloud.test", http: "PUT /api/v1/spaces/nodes/aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", websocket: "GET /mqtt, Upgrade: websocket", mqtt: "CONNECT as aaaaaaaa, keep-alive 60 s", aclk: "UpdateAgentConnection: reachable" };

export function summary(id: number, purpose: Purpose, stage: Stage): Summary {
  const protocol = PROTOCOLS[stage] ?? "tcp";
  return { id, timeUs: Date.now() * 1_000, direction: id % 2 ? "in" : "out", length: 74 + ((id * 37) % 900), protocol, protocols: ["ethernet", "ipv4", "tcp", protocol], connection: 1, purpose, text: TEXTS[protocol] ?? "data", flags: id % 11 === 5 ? ["retransmission"] : [], remark: "" };
}

export function dissection(frame: Summary): Dissection {
  const text = 'PUT /api/v1/spaces/nodes/aaaaaaaa HTTP/1.1\r\nHost: cloud.test\r\n\r\n{"token":"secret-token","rooms":[]}';
  const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const raw = new Uint8Array(frame.length).map((_, at) => (at * 31) % 256);
  const secret = text.indexOf("secret-token");
  return {
    frame,
    sources: [{ name: "frame", hex: hex(raw), hidden: [] }, { name: "decrypted record", hex: hex(new TextEncoder().encode(text)), hidden: [[secret, secret + 12]] }],
    layers: [
      { protocol: "ethernet", title: "Ethernet II", source: 0, start: 0, end: 14, help: "Carries everything between two machines on the same cable.", fields: [{ name: "Destination", value: "02:00:00:00:00:01", start: 0, end: 6, help: "The network card that should take it." }, { name: "Source", value: "02:00:00:00:00:02", start: 6, end: 12 }, { name: "Type", value: "IPv4", start: 12, end: 14 }] },
      { protocol: "ipv4", title: "IP from 10.77.0.100 to 10.77.0.1", source: 0, start: 14, end: 34, help: "", fields: [{ name: "Time to live", value: "64", start: 22, end: 23, help: "How many routers it may pass." }] },
      { protocol: "tls", title: "TLS 1.3 record, decrypted", source: 0, start: 54, end: frame.length, help: "On the cable this is noise; the key log opens it.", fields: [{ name: "Length", value: `${frame.length - 59} bytes`, start: 57, end: 59 }] },
      { protocol: "http", title: "HTTP PUT", source: 1, start: 0, end: text.length, help: "The claim: it makes the device a node of the Space.", fields: [{ name: "Method", value: "PUT", start: 0, end: 3 }, { name: "Body", value: "JSON", start: text.indexOf("{"), end: text.length, fields: [{ name: "token", value: "••••••••", reveal: "secret-token", start: secret, end: secret + 12, help: "Lets a device into the Space." }] }] },
    ],
  };
}
