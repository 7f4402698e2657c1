// The worker that is the device. The page ends it to cut its power.

import type { DeviceBoot, FromDevice, ToDevice } from "../bridge/wire";
import load, { Device } from "../wasm/aclk_wasm.js";
import { Pace, said } from "./lib/pace";

let device: Device | null = null;
let cable: MessagePort | null = null;
/** What was typed before there was a device. */
let early = "";
const pace = new Pace(() => guarded(step) ?? Infinity);

self.onmessage = ({ data }: MessageEvent<ToDevice>) => {
  if (data.type === "boot") {
    void boot(data.boot).catch((error: unknown) => tell({ type: "fatal", message: said(error) }));
  } else {
    if (device === null) early += data.text;
    else guarded(() => device?.typeText(data.text));
    pace.wake();
  }
};

async function boot({ engine, settings, flash, authority, url, cable: port }: DeviceBoot): Promise<void> {
  await load({ module_or_path: engine });
  const made = new Device(JSON.stringify(settings), flash, authority, url);
  made.typeText(early);
  device = made;
  cable = port;
  port.onmessage = ({ data }: MessageEvent<Uint8Array | boolean>) => {
    guarded(() => (typeof data === "boolean" ? made.setLink(data) : made.receive(data)));
    pace.wake();
  };
  pace.wake();
}

function step(): number {
  if (device === null) return Infinity;
  const ms = device.step();
  // What is in the flash is safe before anybody hears of it.
  for (let page = device.changedPage(); page !== undefined; page = device.changedPage()) {
    tell({ type: "page", page, bytes: device.page(page), writes: device.writes, erases: device.erases });
  }
  for (let frame = device.transmit(); frame !== undefined; frame = device.transmit()) cable?.postMessage(frame, [frame.buffer]);
  for (let text = device.told(); text !== undefined; text = device.told()) tell(JSON.parse(text) as FromDevice);
  return device.isOver ? Infinity : ms;
}

/** After a panic the device is in no state to go on. */
function guarded<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    device = null;
    tell({ type: "fatal", message: said(error) });
    return undefined;
  }
}

function tell(message: FromDevice): void {
  self.postMessage(message);
}
