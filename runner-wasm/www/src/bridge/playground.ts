// The engine as the page sees it: a device, a cable and a Cloud, the first and the last in a worker of their own.
//
//   const playground = await Playground.start();
//   playground.on("state", (state) => ...);
//   await playground.device.power(true);
//   playground.device.console("claim TOKEN");

import { Campaign } from "./campaign";
import { CloudSide } from "./cloud";
import { DeviceSide } from "./device";
import { Emitter } from "./emitter";
import { Inspector } from "./inspector";
import { Memory } from "./storage";
import {
  GOOD_NETWORK,
  PERFECT_CABLE,
  type CableConditions,
  type PlaygroundEvents,
  type PlaygroundOptions,
} from "./types";

export type * from "./types";
export { GOOD_NETWORK, PERFECT_CABLE } from "./types";

/** Where the WebAssembly of the engine and its workers are, seen from the page. */
const ENGINE = "./wasm/aclk_wasm_bg.wasm";

export class Playground extends Emitter<PlaygroundEvents> {
  readonly device: DeviceSide;
  readonly cable: Cable;
  readonly cloud: CloudSide;
  readonly inspector: Inspector;
  readonly campaign: Campaign;

  /** Loads the engine and starts the Cloud. The device is off, unless `options.on` says otherwise. */
  static async start(options: PlaygroundOptions = {}): Promise<Playground> {
    const base = document.baseURI;
    const engine = await compile(new URL(ENGINE, base));
    const memory = new Memory(options.storage === undefined ? "aclk" : options.storage);
    const playground = new Playground(engine, memory, options, base);
    await playground.cloud.boot();
    if (options.on) await playground.device.power(true);
    return playground;
  }

  private constructor(engine: WebAssembly.Module, memory: Memory, options: PlaygroundOptions, base: string) {
    super();
    const emit: Emit = (name, value) => this.emit(name, value);
    const cable = { ...PERFECT_CABLE, ...options.cable };
    const network = { ...GOOD_NETWORK, ...options.network };
    this.cloud = new CloudSide({ engine, memory, emit, base, cable, network });
    this.device = new DeviceSide({ engine, memory, emit, base, cloud: this.cloud, settings: options.device ?? {} });
    this.cable = new Cable(this.cloud, emit, cable);
    this.inspector = new Inspector(this.cloud);
    this.campaign = new Campaign(engine, emit, base);
  }

  /** Forgets everything that outlives the page, and ends the engine. A new one starts from nothing. */
  reset(): void {
    this.stop();
    this.device.forget();
    this.cloud.forget();
  }

  /** Ends the workers. */
  stop(): void {
    this.device.cut();
    this.cloud.stop();
    this.campaign.stop();
  }
}

/** Some static hosts do not know WebAssembly, and call it anything: then it is compiled once it is here as a whole. */
async function compile(url: URL): Promise<WebAssembly.Module> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the engine cannot be loaded: ${url.pathname}: HTTP status ${answer.status}`);
  const isKnown = answer.headers.get("content-type") === "application/wasm";
  return isKnown ? WebAssembly.compileStreaming(answer) : WebAssembly.compile(await answer.arrayBuffer());
}

/** Tells the listeners of the playground. */
export type Emit = <Name extends keyof PlaygroundEvents>(name: Name, value: PlaygroundEvents[Name]) => void;

/** The Ethernet cable between the device and the network. */
export class Cable {
  readonly #cloud: CloudSide;
  readonly #emit: Emit;
  #conditions: CableConditions;
  #plugged = true;

  constructor(cloud: CloudSide, emit: Emit, conditions: CableConditions) {
    this.#cloud = cloud;
    this.#emit = emit;
    this.#conditions = conditions;
  }

  get plugged(): boolean {
    return this.#plugged;
  }

  /** Puts the cable in, or pulls it out: frames on their way are lost, and the device sees that the link is down. */
  plug(plugged: boolean): void {
    this.#plugged = plugged;
    this.#cloud.tell({ type: "plug", plugged });
    this.#emit("cable", { plugged });
  }

  /** What it does to frames from now on; what is left out stays. Yields all of it. */
  conditions(change: Partial<CableConditions> = {}): CableConditions {
    this.#conditions = { ...this.#conditions, ...change };
    this.#cloud.tell({ type: "cable", conditions: this.#conditions });
    return this.#conditions;
  }
}
