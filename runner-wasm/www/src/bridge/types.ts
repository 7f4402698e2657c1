// What the page and the engine say to each other. The page knows no more of the engine than this file, `inspect.ts` and
// the class in `playground.ts`.
//
// Times are milliseconds since 1970 unless the name says otherwise; `null` is "not known" or "there is none".

/** A step on the way of a byte, in the words of `aclk_core::stage::Stage`. */
export type Stage =
  | "config" | "permission" | "storage" | "clock" | "key" | "dns" | "tcp" | "proxy" | "tls" | "http" | "json" | "decrypt"
  | "websocket" | "mqtt" | "app";

/** What a connection is for: each has a TCP and TLS connection of its own (protocol.md 2.1). */
export type Purpose = "claim" | "env" | "challenge" | "password" | "link";

/** How the link is, in one word (protocol.md 1.14). */
export type LinkState = "available" | "offline" | "online" | "banned";

/** What the Cloud itself said about a failure (protocol.md 1.6). */
export interface ServerSaid {
  /** HTTP status; 0 if there was none. */
  status: number;
  key: string;
  message: string;
  code: string;
}

/** Why a step did not succeed, and what comes of it. */
export interface Failure {
  at: number;
  stage: Stage;
  purpose: Purpose | null;
  cause: string;
  /** The same as one line, with what happens next, as the console prints it. */
  text: string;
  server: ServerSaid | null;
  /** What a person can do; empty if there is nothing to say. */
  hint: string;
  next: "stop" | "retry" | "banned";
  /** Until the next attempt, from `at`. */
  retryMs: number | null;
}

/** Everything about the device that a person may want to see. */
export interface DeviceState {
  now: number;
  hostname: string;
  machineGuid: string;
  url: string;
  /** The proxy as `aclk-state` describes it, without its credentials; "none". */
  proxy: string;
  claimedId: string | null;
  nodeId: string | null;
  link: LinkState;
  /** Since when `link` is that. */
  since: number;
  /** The Cloud has taken the node for live on this link. */
  live: boolean;
  /** The last step that was passed in the present attempt, and on which connection. */
  passed: { stage: Stage; purpose: Purpose | null; at: number } | null;
  /** The step that is being tried, as far as it follows from what was passed; `null` when nothing is. */
  current: { stage: Stage; purpose: Purpose | null; since: number } | null;
  failure: Failure | null;
  nextAttempt: number | null;
  /** A person should know this whether the link is up or not. */
  warning: string | null;
  connections: { count: number; lastUp: number | null; lastDown: number | null; lastBackoffMs: number | null };
  traffic: { received: number; acknowledged: number; pending: number; latencyMs: number | null };
  /** How far the device believes its own clock, and by how much that is wrong. */
  clock: { trust: "floor" | "network" | "trusted"; offsetMs: number };
}

/** A step was passed: for the sequence diagram. */
export interface StagePassed {
  at: number;
  stage: Stage;
  purpose: Purpose | null;
  elapsedMs: number;
  /** Bytes in it: of records for TLS, of plaintext above it. */
  sent: number;
  received: number;
}

/** What the device tells as it happens. */
export type Happened =
  | ({ kind: "stage" } & StagePassed)
  | { kind: "answer"; at: number; purpose: Purpose; status: number }
  | { kind: "claimed"; at: number; id: string; proved: boolean }
  | { kind: "claim-failed"; at: number; failure: Failure; refusal: string | null }
  | { kind: "online"; at: number; id: string }
  | { kind: "live"; at: number; node: string | null }
  | { kind: "offline"; at: number; failure: Failure }
  | { kind: "notice"; at: number; failure: Failure };

/** Memory in use, in bytes. */
export interface Budget {
  /** What the application asks of the allocator: the arena of a board. */
  arena: { used: number; peak: number };
  /** The application's buffers, each by its name, as docs/firmware-guide.md adds them up. */
  buffers: { name: string; bytes: number }[];
  /** The future that is the application: what is on a board's static RAM beside the buffers. */
  future: number;
  /** WebAssembly memory of the device's worker, everything included. */
  worker: number;
  /** Flash of the device: pages, bytes of one, and how often something was written. */
  flash: { pages: number; pageBytes: number; writes: number; erases: number };
}

/** A line of the Cloud's log: an event of docs/cloud.md. `event` is its kind, in kebab case; other members depend on it. */
export interface CloudEvent {
  number: number;
  at_ms: number;
  event: string;
  text: string;
  connection: number | null;
  node: string | null;
  hostname: string | null;
  [member: string]: unknown;
}

/** A frame that passed the cable, in short; `inspector.dissect` has the rest. */
export interface FrameSummary {
  /** Counts from 0; frames that are too old are forgotten. */
  id: number;
  at: number;
  /** Who sent it. */
  from: "device" | "network";
  bytes: number;
  /** What the cable did to it, as in "lost" or "corrupted, held back"; empty for nothing. */
  fate: string;
}

/** What the cable does to frames, both ways. Percentages are of frames. */
export interface CableConditions {
  latencyMs: number;
  jitterMs: number;
  lossPercent: number;
  reorderPercent: number;
  duplicatePercent: number;
  /** Frames with one bit flipped. */
  flipPercent: number;
  /** Bits per second each way; 0 for no limit. */
  bandwidth: number;
  /** The dice of the cable: the same seed and traffic give the same losses. */
  seed: number;
}

/** A perfect cable. */
export const PERFECT_CABLE: CableConditions = {
  latencyMs: 5, jitterMs: 0, lossPercent: 0, reorderPercent: 0, duplicatePercent: 0, flipPercent: 0, bandwidth: 0, seed: 1,
};

/** How the device is set up. It takes effect when it is switched on or reboots. */
export interface DeviceSettings {
  hostname: string;
  /** As in `http://proxy.test:3128` or `socks5h://user:password@proxy.test:3128`; empty for none. */
  proxy: string;
  /** A key pair from the factory, or one that the device makes itself, which takes some seconds. Counts as long as it has none. */
  key: "injected" | "generate";
  /** Seconds by which the device's clock is wrong and not to be corrected; `null`: it asks the time server. */
  clock: number | null;
}

/** The services of the network that the device is plugged into; each can be broken. */
export interface NetworkSettings {
  /** `null` is in order. */
  dhcp: "silent" | "nak" | "offer-only" | "exhausted" | null;
  dns: "silent" | "server-failure" | "no-such-name" | "refused" | null;
  /** A number: it tells a time that is wrong by so many seconds. */
  time: "silent" | "kiss-of-death" | "unsynchronised" | number | null;
  /** Whether the Cloud can be reached without the proxy. */
  direct: boolean;
  /** The proxy at `proxy.test:3128`; `null` for none. */
  proxy: { kind: "http" | "socks5"; user: string; password: string; fault: string | null } | null;
}

/** A network in order, without a proxy. */
export const GOOD_NETWORK: NetworkSettings = { dhcp: null, dns: null, time: null, direct: true, proxy: null };

/** How a playground is set up. Everything has a default. */
export interface PlaygroundOptions {
  device?: Partial<DeviceSettings>;
  cable?: Partial<CableConditions>;
  network?: Partial<NetworkSettings>;
  /** Where flash and Cloud outlive the page: in the browser's storage under this name; `null`: nowhere. Default: "aclk". */
  storage?: string | null;
  /** Whether the device is switched on at once. Default: no. */
  on?: boolean;
}

/** An answer of the Cloud's API or of the device's local API. */
export interface ApiAnswer {
  /** 0: there was no answer, and `body` says why. */
  status: number;
  /** Parsed if it is JSON, else text; `null` without one. */
  body: unknown;
}

/** Everything that the engine tells. */
export type PlaygroundEvents = {
  /** How the device is: whenever that changes, and once a second while it is on. */
  state: DeviceState;
  /** What has just happened in the device. */
  happened: Happened;
  /**
   * Text of the device's serial console, as it comes: lines end in "\r\n", what is typed is echoed, "\b \b" takes a
   * character back, and "\r\x1b[K" clears the line that is being typed, since news stand above it.
   */
  console: string;
  "key-progress": { candidates: number; primes: number; done: boolean };
  frame: FrameSummary;
  /** Of this frame, and perhaps of later ones, more is known than when it was told: a secret has come, or what was missing. */
  "frames-changed": { from: number };
  cloud: CloudEvent;
  /** A page of the flash was written or erased. */
  storage: { page: number; writes: number; erases: number };
  budget: Budget;
  power: { on: boolean; reason: "switched" | "reboot" | "ended" };
  /** The cable was plugged in or pulled out. */
  cable: { plugged: boolean };
  /** Part of the engine has failed, and does nothing any more: a defect of ours. */
  fatal: { where: "device" | "cloud" | "campaign"; message: string };
  "campaign-progress": CampaignProgress;
};

/** A campaign: handshakes of the same engine with an emulated Cloud in virtual time, each with faults drawn from its seed. */
export interface CampaignOptions {
  /** The first seed; the others follow. */
  seed: number;
  /** How many runs. */
  count: number;
  /** How many workers share them; default: as many as there are processors, 8 at most. */
  workers?: number;
}

export interface CampaignProgress {
  done: number;
  count: number;
  /** Handshakes that were begun in them: connections of every purpose. */
  handshakes: number;
  violations: CampaignViolation[];
  coverage: CampaignCoverage;
  /** Virtual time of all runs together. */
  virtualMs: number;
  elapsedMs: number;
  finished: boolean;
}

/** Something that may never happen, happened. `seed` replays it. */
export interface CampaignViolation {
  seed: number;
  invariant: string;
  detail: string;
}

/** What was met so far: how often a fault struck or an event happened while the device was in a state. */
export interface CampaignCoverage {
  states: string[];
  events: string[];
  faults: string[];
  /** `[state][event]`. */
  stateEvents: number[][];
  /** `[state][fault]`. */
  stateFaults: number[][];
}

/** One run, step by step. */
export interface CampaignTranscript {
  seed: number;
  /** The faults that were planned, as `aclk cloud --fault` takes them. */
  plan: string[];
  lines: { atMs: number; who: "device" | "cloud" | "world"; text: string }[];
  violations: CampaignViolation[];
}
