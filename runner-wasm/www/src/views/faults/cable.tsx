// What the cable does to frames.

import { useCell } from "../../app/cell";
import { phase, setSituation, situation, world } from "../../app/world";
import { PERFECT_CABLE, type CableConditions } from "../../bridge/types";
import { Button, Card } from "../../parts/basics";

interface Slider { readonly name: keyof CableConditions; readonly title: string; readonly unit: string; readonly max: number; readonly step: number; readonly help: string }

const SLIDERS: readonly Slider[] = [
  { name: "latencyMs", title: "Latency", unit: "ms", max: 1_000, step: 5, help: "Each way. A satellite has 300, a mobile phone on the train 100. Users see: everything takes long, nothing fails." },
  { name: "jitterMs", title: "Jitter", unit: "ms", max: 500, step: 5, help: "How much the latency varies. Wi-Fi with many neighbours. Users see: it is quick now, slow then." },
  { name: "lossPercent", title: "Loss", unit: "%", max: 60, step: 1, help: "Frames that never arrive. TCP sends them again; above a third it gives up. The original: a timeout without a step; before v2 `Connection Error or Dropped`." },
  { name: "reorderPercent", title: "Reordering", unit: "%", max: 60, step: 1, help: "Frames that arrive late, behind younger ones. Two lines bundled into one do that. Users see nothing: TCP puts them in order." },
  { name: "duplicatePercent", title: "Duplicates", unit: "%", max: 60, step: 1, help: "Frames that arrive twice. A loop in the cabling does that. Users see nothing: TCP throws the second one away." },
  { name: "flipPercent", title: "Flipped bits", unit: "%", max: 40, step: 1, help: "Frames with one bit turned over. A bad plug does that. The checksums of IP and TCP find it, and TLS what they do not: to users it is loss." },
];

export function CableCard() {
  const { cable } = useCell(situation);
  const isReady = useCell(phase) === "ready";
  const set = (change: Partial<CableConditions>) => setSituation({ ...situation.value, cable: { ...world().cable.conditions(change) } });
  const isPerfect = SLIDERS.every(({ name }) => cable[name] === PERFECT_CABLE[name]);
  return (
    <Card title="The cable" aside={<Button kind="small" disabled={isPerfect || !isReady} work={() => set(PERFECT_CABLE)}>As good as new</Button>}>
      {SLIDERS.map(({ name, title, unit, max, step, help }) => (
        <div class="slider" key={name}>
          <label>
            <span>{title}</span>
            <input type="range" min={0} max={max} step={step} value={cable[name]} disabled={!isReady} aria-describedby={`help-${name}`} onInput={(event) => set({ [name]: Number(event.currentTarget.value) })} />
          </label>
          <output>
            {cable[name]} {unit}
          </output>
          <p class="help" id={`help-${name}`}>
            {help.split("`").map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part))}
          </p>
        </div>
      ))}
    </Card>
  );
}
