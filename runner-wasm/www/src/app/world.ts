// Everything that the page knows, as cells, and the one engine that fills them.

import type { CampaignProgress } from "../bridge/types";
import type { Summary } from "../bridge/inspect";
import { Playground, type Budget, type CloudEvent, type DeviceSettings, type DeviceState, type Happened, type StagePassed } from "../bridge/playground";
import { notify } from "../parts/notices";
import { Cell } from "./cell";
import { keep, route } from "./route";
import { CALM, PARAMETERS, parametersOf, read, type Situation } from "./situation";
import type { Nodes, PlannedFault, Space, Token } from "./cloud";

/** Characters of the console, events and attempts that are kept. */
const CONSOLE = 60_000;
const EVENTS = 500;
const HAPPENED = 400;

export const phase = new Cell<"loading" | "ready" | "failed">("loading");
export const fatal = new Cell<string | null>(null);
/** The engine, once it runs. */
export const engine = new Cell<Playground | null>(null);

export const power = new Cell(false);
export const plugged = new Cell(true);
export const state = new Cell<DeviceState | null>(null);
export const consoleText = new Cell("");
export const keyProgress = new Cell<{ candidates: number; primes: number; done: boolean } | null>(null);
/** The steps of the present attempt, and when it began. */
export const passed = new Cell<readonly StagePassed[]>([]);
export const happened = new Cell<readonly Happened[]>([]);
export const budget = new Cell<Budget | null>(null);
export const flashPages = new Cell<ReadonlyMap<number, { writes: number; erases: number }>>(new Map());
export const settings = new Cell<DeviceSettings | null>(null);
export const situation = new Cell<Situation>(CALM);

export const events = new Cell<readonly CloudEvent[]>([]);
export const spaces = new Cell<readonly Space[]>([]);
export const tokens = new Cell<ReadonlyMap<string, readonly Token[]>>(new Map());
export const nodes = new Cell<Nodes>([]);
export const plan = new Cell<readonly PlannedFault[]>([]);

/** Grows with each frame. */
export const frameCount = new Cell(0);
export const frames = new Cell<readonly Summary[]>([]);
/** From this frame on the inspector knows more than the page has read; infinity if of none. */
export const staleFrom = new Cell(Infinity);
export const campaign = new Cell<CampaignProgress | null>(null);
export const campaignRuns = new Cell(false);

/** The scenario that is being played; its world is thrown away afterwards. */
export const story = new Cell<string | null>(null);

/** The engine; whoever calls this does so after it is there. */
export function world(): Playground {
  const running = engine.value;
  if (!running) throw new Error("the playground has not started yet");
  return running;
}

/** Starts an engine in the place of the one that runs. Its memory is that of the browser, or none. */
export async function start(wanted: Situation, { storage, on }: { storage: string | null; on: boolean }): Promise<Playground> {
  engine.value?.stop();
  forget();
  phase.set("loading");
  try {
    const playground = await Playground.start({ device: wanted.device, cable: wanted.cable, network: wanted.network, storage, on: false });
    listen(playground);
    settings.set({ ...playground.device.configure() });
    if (wanted.faults.length) await playground.cloud.request("PUT", "/api/faults", { plan: wanted.faults.join(",") });
    if (on) await playground.device.power(true);
    engine.set(playground);
    setSituation(wanted);
    phase.set("ready");
    return playground;
  } catch (error) {
    fatal.set(error instanceof Error ? error.message : String(error));
    phase.set("failed");
    throw error;
  }
}

/** The situation that the address asks for. */
export const wantedSituation = (): Situation => read(route.value.parameters);

/** Notes in the address how the laboratory is set. */
export function setSituation(next: Situation): void {
  situation.set(next);
  keep(parametersOf(next), PARAMETERS);
}

function forget(): void {
  fatal.set(null);
  engine.set(null);
  power.set(false);
  plugged.set(true);
  state.set(null);
  consoleText.set("");
  keyProgress.set(null);
  passed.set([]);
  happened.set([]);
  budget.set(null);
  flashPages.set(new Map());
  events.set([]);
  spaces.set([]);
  tokens.set(new Map());
  nodes.set([]);
  plan.set([]);
  frames.set([]);
  frameCount.set(0);
  staleFrom.set(Infinity);
}

/** An unclaimed device that gets its address and the time is not on its way to anything yet. */
const settled = (now: DeviceState): DeviceState => {
  const { claimedId, current } = now;
  return claimedId === null && current?.purpose === null && current.stage !== "key" ? { ...now, current: null } : now;
};

function listen(playground: Playground): void {
  playground.on("power", ({ on, reason }) => {
    power.set(on);
    passed.set([]);
    // A device that starts anew has said nothing yet either: what it was before is over.
    state.set(null);
    if (reason === "ended" && fatal.value === null) notify("The device cannot be as it is set up, and stays off: its console says why.", true);
    if (reason === "switched") consoleText.change((text) => `${text}${text && !text.endsWith("\n") ? "\n" : ""}--- power ${on ? "on" : "off"} ---\n`);
  });
  playground.on("cable", ({ plugged: now }) => plugged.set(now));
  playground.on("state", (now) => state.set(settled(now)));
  playground.on("console", (text) => consoleText.change((before) => (before + text).slice(-CONSOLE)));
  playground.on("key-progress", (progress) => keyProgress.set(progress));
  playground.on("happened", (what) => hear(what));
  playground.on("budget", (now) => budget.set(now));
  playground.on("storage", ({ page, writes, erases }) => flashPages.change((pages) => new Map(pages).set(page, { writes, erases })));
  playground.on("cloud", (event) => events.change((all) => [...all, event].slice(-EVENTS)));
  playground.on("frame", () => frameCount.change((count) => count + 1));
  playground.on("frames-changed", ({ from }) => staleFrom.change((before) => Math.min(before, from)));
  playground.on("campaign-progress", (progress) => campaign.set(progress));
  playground.on("fatal", ({ where, message }) => fatal.set(`${where}: ${message}`));
}

/** Whether the last attempt has ended: with the next step the list begins anew. */
let isOver = false;

function hear(what: Happened): void {
  happened.change((all) => [...all, what].slice(-HAPPENED));
  if (what.kind === "stage") {
    passed.change((all) => (isOver ? [what] : [...all, what]));
    isOver = false;
  } else if (what.kind === "offline" || what.kind === "claim-failed") isOver = true;
}
