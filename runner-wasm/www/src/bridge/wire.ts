// What goes between the page and the workers of the engine. Only `playground.ts`, `campaign.ts` and the workers use it.

import type { Filter } from "./inspect";
import type { Budget, CableConditions, CloudEvent, DeviceSettings, DeviceState, FrameSummary, Happened, NetworkSettings } from "./types";

/** To the device's worker: the first message, and the power switch at once. */
export interface DeviceBoot {
  engine: WebAssembly.Module;
  settings: DeviceSettings;
  /** The flash as it was when the power went. */
  flash: Uint8Array;
  /** The certification authority that the device trusts, as DER. */
  authority: Uint8Array;
  /** Base URL of the Cloud. */
  url: string;
  /** Its end of the cable: frames as `Uint8Array`, and `boolean` for whether the link is up. */
  cable: MessagePort;
}

/** To the device's worker, later. */
export type ToDevice = { type: "boot"; boot: DeviceBoot } | { type: "keys"; text: string };

/** From the device's worker. */
export type FromDevice =
  | { type: "state"; state: DeviceState }
  | { type: "happened"; happened: Happened }
  | { type: "console"; text: string }
  /** So many bytes of what was typed have been read. */
  | { type: "read"; bytes: number }
  | { type: "key-progress"; candidates: number; primes: number; done: boolean }
  | { type: "page"; page: number; bytes: Uint8Array; writes: number; erases: number }
  | { type: "budget"; budget: Budget }
  /** The application has ended because it was told to reboot. */
  | { type: "reboot" }
  /** It has ended because it cannot be as it was set up; the console says why. */
  | { type: "ended" }
  | { type: "fatal"; message: string };

/** To the Cloud's worker: the first message. */
export interface CloudBoot {
  engine: WebAssembly.Module;
  /** What it remembers, as its own JSON; empty for a new one. */
  state: string;
  cable: CableConditions;
  network: NetworkSettings;
}

/** To the Cloud's worker. A call is answered under its number. */
export type ToCloud =
  | { type: "boot"; boot: CloudBoot }
  /** The device is switched on: its end of the cable. */
  | { type: "device"; cable: MessagePort }
  /** It is switched off. */
  | { type: "no-device" }
  | { type: "plug"; plugged: boolean }
  | { type: "cable"; conditions: CableConditions }
  | { type: "network"; settings: NetworkSettings }
  | { type: "call"; number: number; call: CloudCall };

/** What the Cloud's worker can be asked for. */
export type CloudCall =
  | { name: "cloud"; method: string; path: string; body: string }
  | { name: "device"; path: string }
  | { name: "frames"; from: number; filter: Filter }
  | { name: "dissect"; id: number }
  | { name: "connections" }
  | { name: "clear" }
  | { name: "pcap" }
  | { name: "pcapng" }
  | { name: "key-log" }
  /** The identity in a flash, as a tar archive; `null` if there is none. */
  | { name: "identity"; flash: Uint8Array };

/** From the Cloud's worker. */
export type FromCloud =
  /** It is up. */
  | { type: "ready"; authority: Uint8Array; url: string }
  | { type: "frame"; frame: FrameSummary }
  /** Of this frame, and perhaps of later ones, more is known than when it was told. */
  | { type: "frames-changed"; from: number }
  | { type: "cloud"; event: CloudEvent }
  /** What it has to remember has changed. */
  | { type: "state"; state: string }
  | { type: "answer"; number: number; answer: unknown }
  | { type: "refusal"; number: number; reason: string }
  | { type: "fatal"; message: string };
