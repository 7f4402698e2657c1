// The worker with everything that the device is plugged into: cable, router, proxy, Cloud, inspector.

import type { CloudBoot, CloudCall, FromCloud, ToCloud } from "../bridge/wire";
import load, { World, claimArchive } from "../wasm/aclk_wasm.js";
import { Pace, isPanic, said } from "./lib/pace";

let world: World | null = null;
/** The device's end of the cable, while it is on. */
let device: MessagePort | null = null;
/** What the device was told of its link. */
let isUp = false;
const pace = new Pace(() => guarded(step) ?? Infinity);

self.onmessage = ({ data }: MessageEvent<ToCloud>) => {
  if (data.type === "boot") {
    void boot(data.boot).catch((error: unknown) => tell({ type: "fatal", message: said(error) }));
  } else {
    guarded(() => heard(data));
    pace.wake();
  }
};

async function boot({ engine, state, cable, network }: CloudBoot): Promise<void> {
  await load({ module_or_path: engine });
  world = new World(state, JSON.stringify(cable), JSON.stringify(network));
  tell({ type: "ready", authority: world.authority, url: world.url });
  pace.wake();
}

function heard(message: Exclude<ToCloud, { type: "boot" }>): void {
  if (world === null) return;
  switch (message.type) {
    case "device":
      plugIn(world, message.cable);
      break;
    case "no-device":
      device?.close();
      device = null;
      break;
    case "plug":
      world.plug(message.plugged);
      break;
    case "cable":
      world.setCable(JSON.stringify(message.conditions));
      break;
    case "network":
      world.setNetwork(JSON.stringify(message.settings));
      break;
    case "call":
      answer(world, message.number, message.call);
      break;
  }
}

function plugIn(world: World, port: MessagePort): void {
  device = port;
  isUp = false;
  port.onmessage = ({ data }: MessageEvent<Uint8Array>) => {
    guarded(() => world.receive(data));
    pace.wake();
  };
}

function answer(world: World, number: number, call: CloudCall): void {
  const json = (text: string) => tell({ type: "answer", number, answer: JSON.parse(text) as unknown });
  const bytes = (answer: Uint8Array | null) => tell({ type: "answer", number, answer });
  try {
    switch (call.name) {
      case "cloud":
        return world.request(number, call.method, call.path, call.body);
      case "device":
        return world.call(number, call.path);
      case "frames":
        return json(world.frames(call.from, JSON.stringify(call.filter)));
      case "dissect":
        return json(world.dissect(call.id));
      case "connections":
        return json(world.connections());
      case "clear":
        world.clearFrames();
        return json("null");
      case "pcap":
        return bytes(world.pcap());
      case "pcapng":
        return bytes(world.pcapng());
      case "key-log":
        return tell({ type: "answer", number, answer: world.keyLog() });
      case "identity":
        return bytes(claimArchive(call.flash, world.authority) ?? null);
    }
  } catch (error) {
    // What makes no sense is only refused.
    if (isPanic(error)) throw error;
    tell({ type: "refusal", number, reason: said(error) });
  }
}

function step(): number {
  if (world === null) return Infinity;
  const ms = world.step();
  if (device !== null && world.isUp !== isUp) {
    isUp = world.isUp;
    device.postMessage(isUp);
  }
  for (let frame = world.transmit(); frame !== undefined; frame = world.transmit()) device?.postMessage(frame, [frame.buffer]);
  for (let text = world.told(); text !== undefined; text = world.told()) tell(JSON.parse(text) as FromCloud);
  const state = world.changedState();
  if (state !== undefined) tell({ type: "state", state });
  return ms;
}

/** After a panic the Cloud is in no state to go on. */
function guarded<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    world = null;
    tell({ type: "fatal", message: said(error) });
    return undefined;
  }
}

function tell(message: FromCloud): void {
  self.postMessage(message);
}
