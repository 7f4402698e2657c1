// Device, cable and Cloud, as they would stand on a table.

import { count, span } from "../parts/time";
import { Pill, Switch, Term } from "../parts/basics";
import { useCell, useTick } from "./cell";
import { glance } from "./glance";
import { href } from "./route";
import { engine, frameCount, nodes, phase, plan, plugged, power, settings, situation, state, world } from "./world";

export function Bench() {
  const isOn = useCell(power);
  const isPlugged = useCell(plugged);
  const now = useCell(state);
  const isReady = useCell(phase) === "ready" && useCell(engine) !== null;
  const seen = glance(isOn, isPlugged, now);
  const host = useCell(settings)?.hostname ?? "device";
  const { cable, network } = useCell(situation);
  const proxy = useCell(settings)?.proxy;
  const next = now?.nextAttempt ?? null;
  useTick(next !== null || now?.current ? 500 : null);
  return (
    <section class="bench" aria-label="The laboratory">
      <div class="end device">
        <div class="row">
          <strong class="grow name">{host}</strong>
          <Switch on={isOn} disabled={!isReady} set={(on) => void world().device.power(on)}>
            Power
          </Switch>
        </div>
        <p class="small" aria-live="polite">
          {isReady ? seen.text : "The firmware and the Cloud are being loaded."}
          {isOn && next !== null && now?.link !== "online" && !now?.current ? <span class="next"> {next > Date.now() ? `Next attempt in ${span(next - Date.now())}.` : "The next attempt begins now."}</span> : null}
        </p>
      </div>
      <Wire isPlugged={isPlugged} isOn={isOn} isReady={isReady} latency={cable.latencyMs} loss={cable.lossPercent} proxy={proxy || (network.proxy ? "proxy" : "")} />
      <div class="end cloud">
        <div class="row">
          <strong class="grow">
            <a href={href("cloud")}>Emulated Cloud</a>
          </strong>
          <Nodes />
        </div>
        <p class="small">
          <Plan />
        </p>
      </div>
    </section>
  );
}

function Nodes() {
  const all = useCell(nodes);
  const live = all.filter((node) => node.state === "online").length;
  return <Pill kind={live ? "good" : "idle"}>{all.length ? `${live} of ${all.length} online` : "no node"}</Pill>;
}

function Plan() {
  const planned = useCell(plan);
  if (!planned.length) return <>It runs in this page, with real TLS. Nothing goes wrong on purpose.</>;
  return (
    <>
      <Term name="fault">{count(planned.length, "fault")}</Term> planned: <a href={href("faults")}>{planned.map(({ fault }) => fault).slice(0, 3).join(", ")}{planned.length > 3 ? " …" : ""}</a>
    </>
  );
}

function Wire({ isPlugged, isOn, isReady, latency, loss, proxy }: { isPlugged: boolean; isOn: boolean; isReady: boolean; latency: number; loss: number; proxy: string }) {
  const passed = useCell(frameCount);
  return (
    <div class={`wire ${isPlugged ? "" : "out"} ${isOn && isPlugged ? "alive" : ""}`}>
      <svg viewBox="0 0 200 14" preserveAspectRatio="none" aria-hidden="true">
        {isPlugged ? <path d="M0 7H200" /> : <path d="M0 7H84M116 7H200" />}
        {isOn && isPlugged ? <path class="flow" d="M0 7H200" /> : null}
      </svg>
      <button type="button" class="small" disabled={!isReady} aria-pressed={!isPlugged} onClick={() => world().cable.plug(!isPlugged)}>
        {isPlugged ? "Pull the cable" : "Plug it in"}
      </button>
      <span class="small soft">
        {isPlugged ? `${count(passed, "frame")} · ${latency} ms` : "The cable is out"}
        {loss ? ` · ${loss} % lost` : ""}
        {proxy ? " · through a proxy" : ""}
      </span>
    </div>
  );
}

