// What the inspector tells of the traffic between device and network. Rust writes it as JSON: runner-wasm/inspect/src/view.rs
// has the same types, and a test compares the two.

/** Which way a frame went, seen from the device. */
export type Direction = "out" | "in";

/** What a layer is. The order is that from the wire upwards. */
export type Protocol =
  | "ethernet"
  | "arp"
  | "ipv4"
  | "icmp"
  | "udp"
  | "dhcp"
  | "dns"
  | "ntp"
  | "tcp"
  /** What could not be understood, or is not of interest. */
  | "data"
  | "socks5"
  | "tls"
  | "http"
  | "websocket"
  | "mqtt"
  /** A message of the Agent-Cloud Link inside of MQTT: protobuf, or HTTP over the link. */
  | "aclk";

/** What a connection, or an exchange over UDP, is for. `unknown` until something in it tells. */
export type Purpose =
  | "address"
  | "name"
  | "time"
  | "claim"
  | "env"
  | "challenge"
  | "password"
  | "link"
  /** Somebody on the local network asks the device: its HTTP API. */
  | "local-api"
  | "unknown";

/** What is remarkable about a frame. */
export type Flag =
  /** Its bytes of the stream were seen before. */
  | "retransmission"
  /** It arrived before bytes that belong in front of it. */
  | "out-of-order"
  /** Bytes of the stream are missing for good: the capture has not seen them. */
  | "gap"
  /** A checksum does not match: the receiver throws the frame away. */
  | "bad-checksum"
  /** Encrypted, and the key log has no secret for it (yet). */
  | "encrypted"
  /** Something in it is not as its protocol has it. */
  | "malformed"
  /** It ends a connection by force. */
  | "reset";

/** A row of the list of frames. */
export interface Summary {
  /** Grows by one with each frame and is never used again. */
  id: number;
  /** Microseconds since 1970 by the clock of the capture. */
  timeUs: number;
  direction: Direction;
  /** Bytes on the wire, from the destination address on, without the checksum of Ethernet. */
  length: number;
  /** The highest layer that was understood. */
  protocol: Protocol;
  /** All layers, from the lowest; for filters. */
  protocols: Protocol[];
  /** The number of its connection, see `Connection`. */
  connection: number | null;
  purpose: Purpose | null;
  /** One line for people, without secrets. */
  text: string;
  flags: Flag[];
  /** What the cable did to it, as in "lost" or "corrupted, held back"; empty for nothing. */
  remark: string;
}

/** A TCP connection, or an exchange over UDP between two ports. */
export interface Connection {
  id: number;
  transport: "tcp" | "udp";
  /** Address and port of the device, as in "10.77.0.100:49152". */
  device: string;
  /** Address and port of the other side: the Cloud, a proxy, the router. */
  peer: string;
  purpose: Purpose;
  /** The host that TLS or HTTP names, which behind a proxy is not the peer; empty if unknown. */
  host: string;
  /** The proxy that it goes through. */
  proxy: "none" | "http" | "socks5";
  /** `waiting`: encrypted, and the key log has no secret for it (yet). */
  tls: "none" | "handshake" | "decrypted" | "waiting" | "unreadable";
  state: "opening" | "open" | "closing" | "closed" | "reset";
  /** Id of its first frame, and of its last so far. */
  firstFrame: number;
  lastFrame: number;
  frames: number;
  /** Payload bytes of the transport, each counted once. */
  bytesOut: number;
  bytesIn: number;
}

/** Everything about one frame. */
export interface Dissection {
  frame: Summary;
  /** The byte strings that layers refer to. The first is the frame itself; then what was put together or decrypted. */
  sources: Source[];
  /** From the lowest up. One protocol may come several times: a frame can end one TLS record and bring two more. */
  layers: Layer[];
}

export interface Source {
  /** As in "frame", "decrypted record", "message from frames 12 to 14". */
  name: string;
  /** Two lower-case hex digits for each byte. */
  hex: string;
  /** Ranges `[start, end)` with secrets. Do not show these bytes before the person has asked for it. */
  hidden: [number, number][];
}

export interface Layer {
  protocol: Protocol;
  /** As in "MQTT PUBLISH" or "TLS 1.3 record, decrypted". */
  title: string;
  /** Index into `sources`. */
  source: number;
  /** Its bytes are `[start, end)` of that source. */
  start: number;
  end: number;
  /** What it is there for, in a sentence or two. */
  help: string;
  fields: Field[];
}

export interface Field {
  name: string;
  /** In words. Secrets are dots here. */
  value: string;
  /** Its bytes are `[start, end)` of the source of its layer. Equal where it has no bytes of its own. */
  start: number;
  end: number;
  /** For people who have never seen it. */
  help?: string;
  /** The value behind the dots, for whoever asks to see it. */
  reveal?: string;
  /** It is not as its protocol has it. */
  wrong?: boolean;
  fields?: Field[];
}

/** Which frames to list. What is absent does not matter. */
export interface Filter {
  /** At most so many frames, from `from` on; 1000 if absent. */
  limit?: number;
  direction?: Direction;
  /** Frames that have this layer. */
  protocol?: Protocol;
  connection?: number;
  purpose?: Purpose;
  flag?: Flag;
  /** Text that `text` or `remark` contains, in any case. */
  text?: string;
}
