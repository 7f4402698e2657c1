// Plays a story: a world of its own is made, set, broken and mended. The person's own device is left as it was.

import { Cell } from "../../app/cell";
import { ask, refresh, setPlan, type Token } from "../../app/cloud";
import { go, route } from "../../app/route";
import { CALM } from "../../app/situation";
import { nodes, power, setSituation, settings, situation, spaces, start, state, story, world } from "../../app/world";
import type { DeviceState } from "../../bridge/types";
import { notify } from "../../parts/notices";
import { scenario, type Change, type Scenario } from "../../words/scenarios";

export type Act = "prepare" | "break" | "see" | "mend" | "over";

/** How far the story is. */
export const act = new Cell<Act>("prepare");
/** Grows with each story, so that what waits for an old one ends. */
let number = 0;

export async function play(name: string): Promise<void> {
  const one = scenario(name);
  if (!one) return;
  const mine = ++number;
  story.set(name);
  act.set("prepare");
  go("link");
  try {
    await start(CALM, { storage: null, on: true });
    if (one.begins === "live") {
      await change({ claim: true });
      await until(mine, (now) => Boolean(now?.live));
    }
    if (mine !== number) return;
    act.set("break");
    await change(one.breaks);
    await until(mine, (now) => isBroken(one, now));
    if (mine === number) act.set("see");
  } catch (error) {
    if (mine === number) notify(error instanceof Error ? error.message : String(error), true);
  }
}

export async function mend(): Promise<void> {
  const one = scenario(story.value ?? "");
  if (!one?.mends) return;
  const mine = number;
  act.set("mend");
  await change(one.mends);
  await until(mine, (now) => Boolean(now?.live));
  if (mine === number) act.set("over");
}

/** Back to the person's own device and Cloud. */
export async function leave(): Promise<void> {
  number += 1;
  const name = story.value ?? "";
  story.set(null);
  go("scenarios", name);
  await start(CALM, { storage: "aclk", on: true });
}

/** A link can ask for a story to be played at once. */
export async function playFromAddress(): Promise<void> {
  const { view, item, parameters } = route.value;
  if (view === "scenarios" && parameters.get("play") === "yes" && scenario(item)) await play(item);
}

function isBroken({ ends }: Scenario, now: DeviceState | null): boolean {
  if (!now) return false;
  switch (ends) {
    case "live":
      return now.live && now.link === "online";
    case "offline":
      return now.link === "offline" && now.failure !== null;
    case "banned":
      return now.link === "banned";
    case "unclaimed":
      return now.claimedId === null;
    case "config":
      // It waits there, and fails at nothing.
      return now.current?.stage === "config";
    default:
      return now.link !== "online" && now.failure?.stage === ends;
  }
}

/** Waits until the device is so, or another story has begun. */
async function until(mine: number, fits: (now: DeviceState | null) => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const stops: (() => void)[] = [];
    const look = () => {
      if (mine !== number || (power.value && fits(state.value))) {
        for (const stop of stops) stop();
        resolve();
      }
    };
    stops.push(state.watch(look), story.watch(look));
    look();
  });
}

async function change(what: Change): Promise<void> {
  const { device, cable, cloud } = world();
  if (what.device) {
    settings.set({ ...device.configure(what.device) });
    setSituation({ ...situation.value, device: { ...situation.value.device, ...what.device } });
  }
  if (what.cable) setSituation({ ...situation.value, cable: { ...cable.conditions(what.cable) } });
  if (what.network) setSituation({ ...situation.value, network: { ...cloud.network(what.network) } });
  if (what.faults) await setPlan(what.faults);
  if (what.plug !== undefined) cable.plug(what.plug);
  if (what.flash) await changeFlash(what.flash);
  const token = what.claim ? await newToken() : null;
  if (what.cloud) await changeCloud(what.cloud, token);
  if (what.reboot) {
    // The power switch: what a device is doing must not be in the way.
    await device.power(false);
    await device.power(true);
  }
  if (token) device.claim(token.claim);
}

async function changeFlash(how: "damage" | "erase"): Promise<void> {
  const { device } = world();
  await device.power(false);
  if (how === "damage") device.corruptFlash();
  else await device.eraseFlash();
  await device.power(true);
}

async function newToken(): Promise<Token> {
  await refresh();
  const [space] = spaces.value;
  if (!space) throw new Error("the Cloud has no Space");
  await ask("POST", `/api/spaces/${encodeURIComponent(space.id)}/tokens`, {});
  const { tokens } = await ask<{ tokens: Token[] }>("GET", `/api/spaces/${encodeURIComponent(space.id)}/tokens`);
  const [token] = tokens;
  if (!token) throw new Error("the Cloud has made no token");
  return token;
}

async function changeCloud(what: NonNullable<Change["cloud"]>, token: Token | null): Promise<void> {
  if (what === "revoke") {
    if (token) await ask("POST", "/api/tokens/revoke", { token: token.token });
    return;
  }
  await refresh();
  const [node] = nodes.value;
  if (!node) return;
  const path = `/api/nodes/${encodeURIComponent(node.claimed_id)}`;
  if (what === "remove") await ask("DELETE", path);
  else await ask("POST", `${path}/${what}`, {});
}

