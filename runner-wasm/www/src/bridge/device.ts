// The device. Its power switch is the life of its worker: whatever it was doing when the power goes is cut off, and only
// what is in its flash is left.

import type { CloudSide } from "./cloud";
import type { Emit } from "./playground";
import type { Memory } from "./storage";
import type { ApiAnswer, DeviceSettings } from "./types";
import type { FromDevice, ToDevice } from "./wire";

const FLASH = "flash";
const SETTINGS = "device";

/** A device as it comes from the factory. */
const FACTORY: DeviceSettings = { hostname: "my-first-device", proxy: "", key: "injected", clock: null };

interface Parts {
  engine: WebAssembly.Module;
  memory: Memory;
  emit: Emit;
  base: string;
  cloud: CloudSide;
  settings: Partial<DeviceSettings>;
}

export class DeviceSide {
  readonly #parts: Parts;
  #settings: DeviceSettings;
  #flash: Uint8Array;
  #worker: Worker | null = null;
  /** Bytes that were typed and that the device has not read yet. */
  #unread: number[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    const kept = parts.memory.bytes(FLASH);
    this.#flash = kept.length === PAGES * PAGE ? kept : erased();
    this.#settings = { ...FACTORY, ...settingsOf(parts.memory.text(SETTINGS)), ...parts.settings };
  }

  get on(): boolean {
    return this.#worker !== null;
  }

  /** The power switch. Off is at once, in the middle of anything. */
  async power(on: boolean): Promise<void> {
    if (on === this.on) return;
    if (on) {
      this.#start();
    } else {
      this.cut();
    }
    this.#parts.emit("power", { on, reason: "switched" });
  }

  /** Asks the device to say farewell to the Cloud and to start anew. */
  reboot(): void {
    this.console("reboot");
  }

  /**
   * Types a line at the serial console: `help` lists what it takes. What the device says comes as `console`. If it starts
   * or reboots just now, the line waits until it listens.
   */
  console(line: string): void {
    this.#type(`${line}\r`);
  }

  /**
   * Claims the device as the command says that the Cloud shows: `aclk claim -token=… -rooms=… -url=…`, the line of the
   * documented script, or just a token. Yields the line that is typed at the console.
   */
  claim(command: string): string {
    const line = consoleLine(command);
    this.console(line);
    return line;
  }

  /** How the device is set up; what is left out stays. It counts from the next start on. Yields all of it. */
  configure(change: Partial<DeviceSettings> = {}): DeviceSettings {
    this.#settings = { ...this.#settings, ...change };
    this.#parts.memory.keepText(SETTINGS, JSON.stringify(this.#settings));
    return this.#settings;
  }

  /** Overwrites the beginning of every page of the flash, as a worn or ill-treated one might look. Best done while it is off. */
  corruptFlash(): void {
    for (let at = 0; at < this.#flash.length; at += PAGE) this.#flash.fill(0x5a, at, at + 64);
    this.#parts.memory.keepBytes(FLASH, this.#flash);
  }

  /** A device as it came from the factory: its flash is empty. It is switched off for that. */
  async eraseFlash(): Promise<void> {
    await this.power(false);
    this.forget();
  }

  /** What the device is to the Cloud, as a tar archive of a `claim.d` that `aclk run` accepts. `null`: it is not claimed. */
  async exportIdentity(): Promise<Uint8Array | null> {
    return (await this.#parts.cloud.call({ name: "identity", flash: this.#flash })) as Uint8Array | null;
  }

  /** Asks the device's local API, as another machine on its network would: over the cable. */
  async api(path: string): Promise<ApiAnswer> {
    return (await this.#parts.cloud.call({ name: "device", path })) as ApiAnswer;
  }

  /** Cuts the power without a word. */
  cut(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#parts.cloud.tell({ type: "no-device" });
  }

  forget(): void {
    this.#flash = erased();
    this.#parts.memory.forget(FLASH);
    this.#parts.memory.forget(SETTINGS);
  }

  #start(typed = ""): void {
    const { engine, base, cloud } = this.#parts;
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(new URL("./workers/device.js", base), { type: "module", name: "device" });
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromDevice>) => {
      // What a device that is off said last is not heard any more.
      if (this.#worker === worker) this.#heard(data);
    };
    worker.onerror = (error) => this.#failed(error.message);
    cloud.tell({ type: "device", cable: port2 }, [port2]);
    const { authority, url } = cloud;
    const boot = { engine, settings: this.#settings, flash: this.#flash, authority, url, cable: port1 };
    this.#tell({ type: "boot", boot }, [port1]);
    this.#unread = [];
    this.#type(typed);
  }

  #heard(message: FromDevice): void {
    const { emit, memory } = this.#parts;
    switch (message.type) {
      case "state":
        emit("state", message.state);
        break;
      case "happened":
        emit("happened", message.happened);
        break;
      case "console":
        emit("console", message.text);
        break;
      case "read":
        this.#unread.splice(0, message.bytes);
        break;
      case "key-progress":
        emit("key-progress", message);
        break;
      case "page": {
        const { page, bytes, writes, erases } = message;
        this.#flash.set(bytes, page * PAGE);
        memory.keepBytes(FLASH, this.#flash);
        emit("storage", { page, writes, erases });
        break;
      }
      case "budget":
        emit("budget", message.budget);
        break;
      case "reboot":
        this.cut();
        this.#start(new TextDecoder().decode(Uint8Array.from(this.#unread)));
        emit("power", { on: true, reason: "reboot" });
        break;
      case "ended":
        this.cut();
        emit("power", { on: false, reason: "ended" });
        break;
      case "fatal":
        this.#failed(message.message);
        break;
    }
  }

  #failed(message: string): void {
    this.cut();
    this.#parts.emit("fatal", { where: "device", message });
    this.#parts.emit("power", { on: false, reason: "ended" });
  }

  #type(text: string): void {
    this.#unread = [...this.#unread, ...new TextEncoder().encode(text)].slice(0, WAITING);
    if (text) this.#tell({ type: "keys", text });
  }

  #tell(message: ToDevice, transfer: Transferable[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }
}

/** Pages of the flash, and bytes of one, as in runner-wasm/src/device/flash.rs. */
const PAGES = 4;
const PAGE = 4_096;
/** Bytes that may wait until the device reads them, as in runner-wasm/src/device/serial.rs. */
const WAITING = 4_096;

/** What was kept, if it can be read. */
function settingsOf(text: string): Partial<DeviceSettings> {
  try {
    return JSON.parse(text || "{}") as Partial<DeviceSettings>;
  } catch {
    return {};
  }
}

/** An erased flash is all ones. */
function erased(): Uint8Array {
  return new Uint8Array(PAGES * PAGE).fill(0xff);
}

/** The line for the console: `claim TOKEN [ROOMS] [URL]`. */
export function consoleLine(command: string): string {
  const named = (name: string) => new RegExp(`(?:^|\\s)--?(?:claim-)?${name}[= ]\\s*["']?([^\\s"']+)`).exec(command)?.[1];
  const token = named("token");
  if (token === undefined) return `claim ${command.trim().replace(/^claim\s+/, "")}`;
  return ["claim", token, named("rooms"), named("url")].filter((word) => word !== undefined).join(" ");
}
