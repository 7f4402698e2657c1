// The Cloud, and the network that the device is plugged into.

import type { Emit } from "./playground";
import type { Memory } from "./storage";
import type { ApiAnswer, CableConditions, NetworkSettings } from "./types";
import type { CloudCall, FromCloud, ToCloud } from "./wire";

const STATE = "cloud";

interface Parts {
  engine: WebAssembly.Module;
  memory: Memory;
  emit: Emit;
  base: string;
  cable: CableConditions;
  network: NetworkSettings;
}

interface Waiting {
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
}

export class CloudSide {
  readonly #parts: Parts;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #ready: { authority: Uint8Array; url: string } | null = null;
  #isReady: ((error: Error | null) => void) | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#worker = new Worker(new URL("./workers/cloud.js", parts.base), { type: "module", name: "cloud" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromCloud>) => this.#heard(data);
    this.#worker.onerror = (error) => this.#failed(error.message);
  }

  /** Base URL of the Cloud, as the device knows it. */
  get url(): string {
    return this.#ready?.url ?? "";
  }

  /** Its certification authority, as DER. */
  get authority(): Uint8Array {
    return this.#ready?.authority ?? new Uint8Array();
  }

  /** Starts it with what it remembers. */
  async boot(): Promise<void> {
    const { engine, memory, cable, network } = this.#parts;
    await new Promise<void>((resolve, reject) => {
      this.#isReady = (error) => (error ? reject(error) : resolve());
      this.tell({ type: "boot", boot: { engine, state: memory.text(STATE), cable, network } });
    });
  }

  /** The administrator's API of docs/cloud.md. A body may be anything that JSON can say. */
  async request(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    const text = body === undefined ? "" : JSON.stringify(body);
    return (await this.call({ name: "cloud", method, path, body: text })) as ApiAnswer;
  }

  /** The network of the device; what is left out stays. Yields all of it. */
  network(change: Partial<NetworkSettings> = {}): NetworkSettings {
    this.#parts.network = { ...this.#parts.network, ...change };
    this.tell({ type: "network", settings: this.#parts.network });
    return this.#parts.network;
  }

  /** For the other parts of the bridge. */
  tell(message: ToCloud, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** For the other parts of the bridge. */
  async call(call: CloudCall): Promise<unknown> {
    const number = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.tell({ type: "call", number, call });
    });
  }

  stop(): void {
    this.#worker.terminate();
    this.#end(new Error("the playground was stopped"));
  }

  forget(): void {
    this.#parts.memory.forget(STATE);
  }

  #heard(message: FromCloud): void {
    const { emit, memory } = this.#parts;
    switch (message.type) {
      case "ready":
        this.#ready = message;
        this.#isReady?.(null);
        break;
      case "frame":
        emit("frame", message.frame);
        break;
      case "frames-changed":
        emit("frames-changed", { from: message.from });
        break;
      case "cloud":
        emit("cloud", message.event);
        break;
      case "state":
        memory.keepText(STATE, message.state);
        break;
      case "answer":
        this.#take(message.number)?.resolve(message.answer);
        break;
      case "refusal":
        this.#take(message.number)?.reject(new Error(message.reason));
        break;
      case "fatal":
        this.#failed(message.message);
        break;
    }
  }

  #take(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    return waiting;
  }

  #failed(message: string): void {
    const error = new Error(message);
    this.#isReady?.(error);
    this.#end(error);
    this.#parts.emit("fatal", { where: "cloud", message });
  }

  #end(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
