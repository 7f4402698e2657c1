// A device and its world in one process, in virtual time: what the workers do in a browser, without their wait.

import { createRequire } from "node:module";
import { resolve } from "node:path";

/** Where `cargo xtask web` has put the library for Node. */
const FOLDER = resolve(process.env.ACLK_WASM_NODE ?? "target/web-node");
const engine = createRequire(import.meta.url)(resolve(FOLDER, "aclk_wasm.js"));
export const { Device, World, Campaign, claimArchive, standStill, advance } = engine;

/** 2026-01-01. */
const NOW = 1_767_225_600_000;
const SETTINGS = { hostname: "bench", proxy: "", key: "injected", clock: null };
const CABLE = { latencyMs: 5, jitterMs: 0, lossPercent: 0, reorderPercent: 0, duplicatePercent: 0, flipPercent: 0, bandwidth: 0, seed: 1 };
const NETWORK = { dhcp: null, dns: null, time: null, direct: true, proxy: null };

export class Bench {
  told = [];
  screen = "";
  #calls = 0;
  #passed = 0;

  constructor({ settings = {}, cable = {}, network = {}, state = "", flash = new Uint8Array() } = {}) {
    standStill(NOW);
    this.cable = { ...CABLE, ...cable };
    this.network = { ...NETWORK, ...network };
    this.settings = { ...SETTINGS, ...settings };
    this.world = new World(state, JSON.stringify(this.cable), JSON.stringify(this.network));
    this.flash = flash;
    this.on();
  }

  /** Switches the device on, with what is in its flash. */
  on() {
    this.device = new Device(JSON.stringify(this.settings), this.flash, this.world.authority, this.world.url);
    if (this.flash.length === 0) this.flash = new Uint8Array(4 * 4096).fill(0xff);
    this.up = false;
  }

  /** Cuts the power. */
  off() {
    this.device.free();
    this.device = null;
  }

  /** Milliseconds of virtual time since the start. */
  get passed() {
    return this.#passed;
  }

  /** Runs until `until` yields something, and yields that; fails after `limit` milliseconds of virtual time. */
  run(until, limit = 120_000) {
    const end = this.#passed + limit;
    for (;;) {
      const ms = this.#step();
      const found = until();
      if (found) return found;
      if (ms <= 0) continue;
      if (this.#passed >= end) throw new Error(`it did not happen: ${until}\n${this.screen}`);
      const span = Math.min(ms, end - this.#passed, 1_000);
      advance(span);
      this.#passed += span;
    }
  }

  /** Lets time pass. */
  wait(ms) {
    const end = this.#passed + ms;
    this.run(() => this.#passed >= end, ms + 1_000);
  }

  /** Types a line at the console. */
  types(line) {
    this.device.typeText(`${line}\r`);
  }

  /** Runs until `text` is on the screen behind `from`. */
  sees(text, from = 0, limit = 120_000) {
    return this.run(() => this.screen.slice(from).includes(text), limit);
  }

  /** Asks the administrator's API. */
  ask(method, path, body) {
    const number = ++this.#calls;
    this.world.request(number, method, path, body === undefined ? "" : JSON.stringify(body));
    return this.#answer(number);
  }

  /** Asks the device's local API. */
  call(path) {
    const number = ++this.#calls;
    this.world.call(number, path);
    return this.#answer(number);
  }

  /** The line that claims the device. */
  claimLine() {
    const { spaces } = this.ask("GET", "/api/spaces").body;
    const { tokens } = this.ask("GET", `/api/spaces/${spaces[0].id}/tokens`).body;
    return `claim ${tokens[0].token} ${spaces[0].rooms[0].id}`;
  }

  /** How the device is. */
  get state() {
    return this.told.findLast(({ type }) => type === "state")?.state;
  }

  /** What has happened in the device, of this kind. */
  happened(kind) {
    return this.told.filter(({ type, happened }) => type === "happened" && happened.kind === kind).map(({ happened }) => happened);
  }

  #answer(number) {
    return this.run(() => this.told.find(({ type, number: of }) => type === "answer" && of === number)).answer;
  }

  /** Everything that happens now; yields the milliseconds until something is due. */
  #step() {
    let ms = Infinity;
    if (this.device && !this.device.isOver) {
      if (this.up !== this.world.isUp) this.device.setLink((this.up = this.world.isUp));
      ms = Math.min(ms, this.device.step());
      for (let page; (page = this.device.changedPage()) !== undefined; ) this.flash.set(this.device.page(page), page * 4096);
      for (let frame; (frame = this.device.transmit()); ms = 0) this.world.receive(frame);
      for (let text; (text = this.device.told()); ) this.#hear(text);
    }
    ms = Math.min(ms, this.world.step());
    for (let frame; (frame = this.world.transmit()); ms = 0) this.device?.receive(frame);
    for (let text; (text = this.world.told()); ) this.#hear(text);
    return ms;
  }

  #hear(text) {
    const message = JSON.parse(text);
    if (message.type === "console") this.screen += message.text;
    this.told.push(message);
  }
}
