// A worker of a campaign: one run after the other, in virtual time.

import type { FromCampaign, ToCampaign } from "../bridge/campaign";
import type { CampaignTranscript } from "../bridge/types";
import load, { Campaign } from "../wasm/aclk_wasm.js";
import { Pace, said } from "./lib/pace";

/** How long it works until it tells how far it is. */
const TELL_MS = 200;

let ready: Promise<unknown> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ToCampaign>) => {
  if (data.type === "boot") {
    ready = load({ module_or_path: data.engine });
    return;
  }
  const work = data.type === "run" ? () => run(data.seed, data.count) : () => replay(data.seed);
  void ready.then(work).catch((error: unknown) => tell({ type: "fatal", message: said(error) }));
};

function run(seed: number, count: number): void {
  const campaign = new Campaign(seed, count);
  let next = seed;
  const pace = new Pace(() => {
    try {
      const until = performance.now() + TELL_MS;
      let more = true;
      for (; more && performance.now() < until; next++) more = campaign.step();
      tell({ type: "ran", finished: !more, ...(JSON.parse(campaign.report()) as Omit<FromCampaign & { type: "ran" }, "type" | "finished">) });
      return more ? 0 : Infinity;
    } catch (error) {
      tell({ type: "fatal", message: `seed ${next}: ${said(error)}` });
      return Infinity;
    }
  });
  pace.wake();
}

function replay(seed: number): void {
  tell({ type: "transcript", transcript: JSON.parse(Campaign.replay(seed)) as CampaignTranscript });
}

function tell(message: FromCampaign): void {
  self.postMessage(message);
}
