// Everything that can go wrong on purpose, and what it means.

import { useEffect, useRef, useState } from "preact/hooks";
import { useCell } from "../../app/cell";
import { faultList, setPlan, type FaultInfo } from "../../app/cloud";
import { go, note, route } from "../../app/route";
import { phase, plan } from "../../app/world";
import { Button, Card, Field, Term } from "../../parts/basics";
import { count } from "../../parts/time";
import { GROUPS, groupOf } from "../../words/faults";
import { STEPS } from "../../words/stages";
import { CableCard } from "./cable";
import { Explained } from "./explained";
import { NetworkCard } from "./network";

export function Faults() {
  const { item, parameters } = useCell(route);
  const isReady = useCell(phase) === "ready";
  const [list, setList] = useState<readonly FaultInfo[]>([]);
  useEffect(() => {
    if (isReady) void faultList().then(setList);
  }, [isReady]);
  const [group, step, text] = ["group", "at", "find"].map((name) => parameters.get(name) ?? "");
  const words = (text ?? "").toLowerCase();
  const found = list.filter((fault) => (!group || groupOf(fault.name) === group) && (!step || fault.steps.includes(step)) && (!words || `${fault.name} ${fault.about}`.toLowerCase().includes(words)));
  const chosen = list.find(({ name }) => name === item) ?? null;
  const rows = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const row = rows.current?.querySelector<HTMLElement>(".chosen");
    // Only the list moves, not the page.
    if (rows.current && row) rows.current.scrollTop = Math.max(0, row.offsetTop - rows.current.offsetTop - rows.current.clientHeight / 2);
  }, [chosen]);
  return (
    <>
      <Planned />
      <Card title="Faults of the Cloud" aside={<span class="soft small">{list.length ? `${count(list.length, "fault")}, each with a name` : ""}</span>} kind="faults">
        <p class="small soft">
          The emulated Cloud can do all of this wrong. A <Term name="fault">fault</Term> strikes at a step of the way; choose one to see what it would have looked like to a real user.
        </p>
        <form class="line" onSubmit={(event) => event.preventDefault()}>
          <Field label="Kind" kind="narrow">
            <select value={group} onChange={(event) => note("group", event.currentTarget.value)}>
              <option value="">all</option>
              {GROUPS.map(({ name, title, text: about }) => (
                <option key={name} value={name} title={about}>{title}</option>
              ))}
            </select>
          </Field>
          <Field label="At the step" kind="narrow">
            <select value={step} onChange={(event) => note("at", event.currentTarget.value)}>
              <option value="">any</option>
              {STEPS.map(({ name, text: about }) => (
                <option key={name} title={about}>{name}</option>
              ))}
            </select>
          </Field>
          <Field label="Contains" kind="grow">
            <input type="search" value={text} placeholder="such as 503, certificate, json" onInput={(event) => note("find", event.currentTarget.value)} />
          </Field>
        </form>
        <div class="panes">
          <ul class="fault-list" aria-label="Faults" ref={rows}>
            {found.map((fault) => (
              <li key={fault.name}>
                <button type="button" class={fault.name === item ? "chosen" : ""} aria-pressed={fault.name === item} data-fault={fault.name} onClick={() => go("faults", fault.name, own(parameters))}>
                  <span class="mono">{fault.name}</span>
                  <span class="small soft">{fault.about}</span>
                </button>
              </li>
            ))}
            {found.length ? null : <li class="empty">{isReady ? "No fault fits." : "The Cloud is starting."}</li>}
          </ul>
          {chosen ? <Explained fault={chosen} key={chosen.name} /> : <div class="chosen-fault empty">Choose a fault on the left.</div>}
        </div>
      </Card>
      <div class="two">
        <CableCard />
        <NetworkCard />
      </div>
    </>
  );
}

/** The parameters of this view, which stay when another fault is chosen. */
function own(parameters: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(["group", "at", "find"].flatMap((name) => (parameters.get(name) ? [[name, parameters.get(name) ?? ""]] : [])));
}

function Planned() {
  const planned = useCell(plan);
  if (!planned.length) return null;
  const without = (index: number) => planned.filter((_, at) => at !== index).map(({ fault }) => fault);
  return (
    <Card title="Planned now" aside={<Button kind="small" work={() => setPlan([])} done="Nothing goes wrong on purpose any more.">Take all out</Button>} kind="planned">
      <ul class="plan">
        {planned.map(({ fault, about, struck }, index) => (
          <li key={`${fault}-${index}`}>
            <code>{fault}</code>
            <span class="grow soft small">{about}</span>
            <span class="small">{struck ? `has struck ${count(struck, "time")}` : "has not struck yet"}</span>
            <Button kind="small" label={`Take ${fault} out`} work={() => setPlan(without(index))}>
              Take out
            </Button>
          </li>
        ))}
      </ul>
    </Card>
  );
}
