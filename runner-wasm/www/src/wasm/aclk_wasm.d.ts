// What runner-wasm exports. wasm-bindgen makes the module; `cargo xtask web` puts it beside the bundles.

/** Loads the library. Everything else can be called once it is there. */
export default function load(options: { module_or_path: WebAssembly.Module }): Promise<unknown>;

/** A tar archive of the identity in a flash; `undefined` if there is none. */
export function claimArchive(flash: Uint8Array, authority: Uint8Array): Uint8Array | undefined;

/** A device that is switched on. */
export class Device {
  constructor(settings: string, flash: Uint8Array, authority: Uint8Array, url: string);
  step(): number;
  receive(frame: Uint8Array): void;
  transmit(): Uint8Array | undefined;
  setLink(up: boolean): void;
  typeText(text: string): void;
  told(): string | undefined;
  changedPage(): number | undefined;
  page(number: number): Uint8Array;
  readonly writes: number;
  readonly erases: number;
  readonly isOver: boolean;
}

/** Cable, router, proxy and Cloud. */
export class World {
  constructor(state: string, conditions: string, network: string);
  readonly url: string;
  readonly authority: Uint8Array;
  readonly isUp: boolean;
  step(): number;
  receive(frame: Uint8Array): void;
  transmit(): Uint8Array | undefined;
  plug(plugged: boolean): void;
  setCable(conditions: string): void;
  setNetwork(network: string): void;
  request(number: number, method: string, path: string, body: string): void;
  call(number: number, path: string): void;
  told(): string | undefined;
  changedState(): string | undefined;
  frames(from: number, filter: string): string;
  dissect(id: number): string;
  connections(): string;
  pcap(): Uint8Array;
  pcapng(): Uint8Array;
  keyLog(): string;
  clearFrames(): void;
}

/** A campaign, a run at a time. */
export class Campaign {
  constructor(seed: number, count: number);
  /** Makes one run more; `false` when there is none. */
  step(): boolean;
  report(): string;
  static replay(seed: number): string;
}
