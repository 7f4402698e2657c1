// An engine that only tells a story, to work on the page without WebAssembly: `node build.mjs FOLDER --fake`. It is never
// part of what is served, and no test takes it for the engine.

import { Emitter } from "../../src/bridge/emitter";
import type { Dissection, Summary } from "../../src/bridge/inspect";
import { GOOD_NETWORK, PERFECT_CABLE, type ApiAnswer, type CableConditions, type CampaignOptions, type CampaignProgress, type CampaignTranscript, type DeviceSettings, type DeviceState, type Failure, type NetworkSettings, type PlaygroundEvents, type PlaygroundOptions, type Purpose, type Stage } from "../../src/bridge/types";
import { FakeCloud } from "./cloud";
import { dissection, summary } from "./frames";

export type * from "../../src/bridge/types";
export { GOOD_NETWORK, PERFECT_CABLE } from "../../src/bridge/types";

const WAY: readonly (readonly [Purpose, readonly Stage[]])[] = [
  ["claim", ["dns", "tcp", "tls", "http"]], ["env", ["dns", "tcp", "tls", "http"]], ["challenge", ["dns", "tcp", "tls", "http", "decrypt"]], ["password", ["dns", "tcp", "tls", "http"]], ["link", ["dns", "tcp", "tls", "websocket", "mqtt", "app"]],
];
const GUID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export class Playground extends Emitter<PlaygroundEvents> {
  readonly #options: PlaygroundOptions;
  readonly #cloud = new FakeCloud((event) => this.emit("cloud", event));
  readonly #frames: Summary[] = [];
  #settings: DeviceSettings;
  #cable: CableConditions;
  #network: NetworkSettings;
  #run = 0;
  #isOn = false;
  #isPlugged = true;
  #claimed: string | null = null;
  #state: DeviceState | null = null;

  static async start(options: PlaygroundOptions = {}): Promise<Playground> {
    await wait(150);
    const playground = new Playground(options);
    if (options.on) await playground.device.power(true);
    return playground;
  }

  private constructor(options: PlaygroundOptions) {
    super();
    this.#options = options;
    this.#settings = { hostname: "my-first-device", proxy: "", key: "injected", clock: null, ...options.device };
    this.#cable = { ...PERFECT_CABLE, ...options.cable };
    this.#network = { ...GOOD_NETWORK, ...options.network };
  }

  readonly device = {
    power: async (on: boolean): Promise<void> => {
      if (on === this.#isOn) return;
      this.#isOn = on;
      this.#run += 1;
      this.emit("power", { on, reason: "switched" });
      if (on) void this.#live(this.#run);
      else this.#cloud.offline();
    },
    reboot: (): void => this.device.console("reboot"),
    console: (line: string): void => {
      this.emit("console", `${line.replace(/^(claim )\S+/, "$1********")}\r\n`);
      if (line === "reboot") {
        this.#run += 1;
        this.#cloud.offline();
        this.emit("power", { on: true, reason: "reboot" });
        void this.#live(this.#run);
      } else if (line === "unclaim") {
        this.#claimed = null;
        this.#cloud.remove();
        this.#run += 1;
        void this.#live(this.#run);
      } else if (line.startsWith("claim ")) {
        this.#run += 1;
        void this.#live(this.#run, line.split(" ")[1]);
      } else this.emit("console", "claim TOKEN [ROOMS] [URL], status, unclaim, reboot, help\r\n> ");
    },
    claim: (command: string): string => {
      const line = `claim ${/token=(\S+)/.exec(command)?.[1] ?? command}`;
      this.device.console(line);
      return line;
    },
    configure: (change: Partial<DeviceSettings> = {}): DeviceSettings => (this.#settings = { ...this.#settings, ...change }),
    corruptFlash: (): void => void (this.#claimed = null),
    eraseFlash: async (): Promise<void> => {
      await this.device.power(false);
      this.#claimed = null;
    },
    exportIdentity: async (): Promise<Uint8Array | null> => (this.#claimed ? new Uint8Array(1_024) : null),
    api: async (): Promise<ApiAnswer> => ({ status: 200, body: {} }),
  };

  readonly cable = {
    plug: (plugged: boolean): void => {
      this.#isPlugged = plugged;
      this.emit("cable", { plugged });
      if (!plugged && this.#state?.link === "online") this.#fail("link", "tcp", "the cable is unplugged");
      if (plugged && this.#isOn && this.#claimed) void this.#live(++this.#run);
    },
    conditions: (change: Partial<CableConditions> = {}): CableConditions => (this.#cable = { ...this.#cable, ...change }),
  };

  readonly cloud = {
    request: async (method: string, path: string, body?: unknown): Promise<ApiAnswer> => this.#cloud.request(method, path, body),
    network: (change: Partial<NetworkSettings> = {}): NetworkSettings => (this.#network = { ...this.#network, ...change }),
  };

  readonly inspector = {
    frames: async (from = 0): Promise<Summary[]> => this.#frames.filter(({ id }) => id >= from).slice(0, 1_000),
    dissect: async (id: number): Promise<Dissection | null> => {
      const frame = this.#frames.find((one) => one.id === id);
      return frame ? dissection(frame) : null;
    },
    pcap: async () => new Uint8Array(24),
    pcapng: async () => new Uint8Array(28),
    keyLog: async () => "# none\n",
  };

  readonly campaign = {
    run: async ({ count }: CampaignOptions): Promise<CampaignProgress> => {
      let progress = campaignAt(0, count);
      for (let done = 0; done < count; done += Math.ceil(count / 20)) {
        await wait(40);
        progress = campaignAt(Math.min(count, done + Math.ceil(count / 20)), count);
        this.emit("campaign-progress", progress);
      }
      return progress;
    },
    replay: async (seed: number): Promise<CampaignTranscript> => ({ seed, plan: ["status-503@env*2"], violations: [], lines: [{ atMs: 0, who: "world", text: "power on" }, { atMs: 812, who: "device", text: "env · dns passed" }, { atMs: 1_004, who: "cloud", text: "fault status-503@env" }] }),
    stop: (): void => undefined,
  };

  reset(): void {
    this.stop();
  }

  stop(): void {
    this.#run += 1;
  }

  /** The life of the device from here on, until another one begins. */
  async #live(run: number, token?: string): Promise<void> {
    const isOver = () => run !== this.#run || !this.#isOn || !this.#isPlugged;
    this.#tell({ link: this.#claimed ? "offline" : "available", live: false, failure: null, current: null, nextAttempt: null });
    this.emit("console", "aclk firmware\r\n> ");
    this.#budget();
    if (token) {
      if (!this.#cloud.takes(token)) return this.#fail("claim", "http", "token expired/token not found/invalid token");
      if (this.#settings.key === "generate") {
        for (let tried = 0; tried < 40; tried += 4) {
          await wait(120);
          if (isOver()) return;
          this.emit("key-progress", { candidates: tried, primes: tried > 20 ? 1 : 0, done: tried >= 36 });
        }
      }
    } else if (!this.#claimed) return;
    for (const [purpose, stages] of WAY) {
      if (purpose === "claim" && !token) continue;
      for (const stage of stages) {
        this.#tell({ current: { stage, purpose, since: Date.now() } });
        const took = 40 + Math.round(Math.random() * 120);
        await wait(took);
        if (isOver()) return;
        const fault = this.#cloud.strikes(purpose, stage);
        for (let n = 0; n < 3; n += 1) this.#frame(purpose, stage);
        if (fault) return this.#fail(purpose, fault.startsWith("tls") ? "tls" : stage, `as if: ${fault}`);
        this.emit("happened", { kind: "stage", at: Date.now(), stage, purpose, elapsedMs: took, sent: 300, received: 900 });
        this.#tell({ passed: { stage, purpose, at: Date.now() } });
      }
      if (purpose === "claim") {
        this.#claimed = GUID;
        this.#cloud.claim(GUID, this.#settings.hostname);
        this.emit("happened", { kind: "claimed", at: Date.now(), id: GUID, proved: false });
      }
    }
    this.#cloud.online();
    this.#tell({ link: "online", live: true, current: null, since: Date.now(), failure: null, nextAttempt: null });
    this.emit("happened", { kind: "live", at: Date.now(), node: GUID });
    this.emit("console", "online\r\n> ");
    while (!isOver()) {
      await wait(1_000);
      if (isOver()) return;
      this.#frame("link", "app");
      this.#tell({});
      this.#budget();
    }
  }

  #fail(purpose: Purpose, stage: Stage, cause: string): void {
    this.#cloud.offline();
    const failure: Failure = { at: Date.now(), stage, purpose, cause, text: `${purpose} ${stage}: ${cause}`, server: null, hint: "", next: purpose === "claim" ? "stop" : "retry", retryMs: 4_000 };
    this.#tell({ link: this.#claimed ? "offline" : "available", live: false, current: null, failure, nextAttempt: purpose === "claim" ? null : Date.now() + 4_000 });
    this.emit("happened", { kind: "offline", at: Date.now(), failure });
    this.emit("console", `offline: ${purpose} ${stage}: ${cause}\r\n> `);
    const run = this.#run;
    if (purpose !== "claim") setTimeout(() => run === this.#run && this.#isPlugged && void this.#live(++this.#run), 4_000);
  }

  #tell(change: Partial<DeviceState>): void {
    const fresh: DeviceState = {
      now: Date.now(), hostname: this.#settings.hostname, machineGuid: GUID, url: "https://cloud.test", proxy: this.#settings.proxy || "none", claimedId: null, nodeId: null, link: "available", since: Date.now(), live: false, passed: null, current: null, failure: null, nextAttempt: null, warning: null,
      connections: { count: 0, lastUp: null, lastDown: null, lastBackoffMs: null }, traffic: { received: 0, acknowledged: 0, pending: 0, latencyMs: null }, clock: { trust: "network", offsetMs: 0 },
    };
    this.#state = { ...(this.#state ?? fresh), ...change, now: Date.now(), claimedId: this.#claimed, hostname: this.#settings.hostname, nodeId: this.#claimed };
    this.emit("state", this.#state);
  }

  #frame(purpose: Purpose, stage: Stage): void {
    const frame = summary(this.#frames.length, purpose, stage);
    this.#frames.push(frame);
    this.emit("frame", { id: frame.id, at: Date.now(), from: frame.direction === "out" ? "device" : "network", bytes: frame.length, fate: "" });
  }

  #budget(): void {
    this.emit("budget", { arena: { used: 3_192, peak: 9_924 }, buffers: [{ name: "TLS record", bytes: 16_640 }, { name: "HTTP and MQTT", bytes: 12_288 }, { name: "TCP", bytes: 6_144 }, { name: "local API", bytes: 8_704 }, { name: "records to send", bytes: 2_048 }], future: 31_488, worker: 1_900_544, flash: { pages: 16, pageBytes: 4_096, writes: 12, erases: 2 } });
    this.emit("storage", { page: 3, writes: 9, erases: 1 });
  }
}

function campaignAt(done: number, count: number): CampaignProgress {
  const states = ["off", "claim", "env", "challenge", "password", "link", "live", "waiting"];
  const events = ["power cut", "cable out", "cable in", "reboot", "timeout"];
  const faults = ["status-503", "reset", "stall", "connack-0x87", "ws-close", "html-body"];
  const fill = (columns: string[]) => states.map((_, row) => columns.map((_, column) => Math.round((done * ((row * 7 + column * 5) % 9)) / 20)));
  return { done, count, handshakes: done * 5, violations: [], virtualMs: done * 3_600_000, elapsedMs: done * 2, finished: done === count, coverage: { states, events, faults, stateEvents: fill(events), stateFaults: fill(faults) } };
}
