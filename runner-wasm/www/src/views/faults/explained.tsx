// One fault: what it is, what a real user would have seen, what the original agent says, and what this device says.

import { useState } from "preact/hooks";
import { useCell } from "../../app/cell";
import { setPlan, type FaultInfo } from "../../app/cloud";
import { go, href, note, route } from "../../app/route";
import { plan, power, state, world } from "../../app/world";
import { Button, CopyButton, Field, Words } from "../../parts/basics";
import { notify } from "../../parts/notices";
import { faultWords, original, outcome, seen, told } from "../../words/faults";
import { advice, STEPS } from "../../words/stages";

export function Explained({ fault }: { fault: FaultInfo }) {
  const { parameters } = useCell(route);
  const planned = useCell(plan);
  const wanted = parameters.get("step");
  const step = fault.steps.find((one) => one === wanted) ?? fault.steps[0] ?? "env";
  const [times, setTimes] = useState("1");
  const [value, setValue] = useState("");
  const words = faultWords(fault.name);
  const here = outcome(fault.name, step);
  const text = `${fault.name}${fault.value && value ? `=${value}` : ""}@${step}${times ? `*${times}` : ""}`;
  const strike = async () => {
    await setPlan([...planned.map((one) => one.fault), text]);
    notify(await provoke(step));
  };
  return (
    <article class="chosen-fault" data-explained={fault.name} data-step={step} aria-label={`The fault ${fault.name}`}>
      <h3 class="mono">{fault.name}</h3>
      <p>
        In place of what should come: <strong>{fault.about}</strong>.
      </p>
      <form class="line" onSubmit={(event) => event.preventDefault()}>
        <Field label="At the step" kind="narrow">
          <select value={step} onChange={(event) => note("step", event.currentTarget.value)}>
            {fault.steps.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </Field>
        {fault.value ? (
          <Field label={fault.value.meaning} kind="narrow">
            <input type="number" min={0} value={value} placeholder={String(fault.value.default)} onInput={(event) => setValue(event.currentTarget.value)} />
          </Field>
        ) : null}
        <Field label="Times" kind="narrow">
          <select value={times} onChange={(event) => setTimes(event.currentTarget.value)}>
            {["1", "2", "5", ""].map((one) => (
              <option key={one} value={one}>{one ? `${one}` : "always"}</option>
            ))}
          </select>
        </Field>
        <Button kind="primary" work={strike}>
          Let it strike
        </Button>
      </form>
      <p class="small soft">{STEPS.find(({ name }) => name === step)?.text}.</p>
      <dl class="explained">
        {words.like ? (
          <>
            <dt>Where it comes from</dt>
            <dd>{words.like}</dd>
          </>
        ) : null}
        <dt>What a real user would have seen</dt>
        <dd>
          <Words text={seen(words, step)} />
        </dd>
        <dt>What the original agent says</dt>
        <dd>
          <Words text={original(words, step)} />
          <p class="small soft">Where no version is named: v2. Read in its source, or seen with v2.10.4 and with the claiming script and curl 7.88. Nobody has looked at what is not known.</p>
        </dd>
        <dt>What this device says</dt>
        <dd>
          {here?.stage ? (
            <>
              <span class="log-word">{[here.leg, here.stage].filter(Boolean).join(" · ")}</span> <code>{here.cause}</code>{" "}
            </>
          ) : null}
          {told(here)}
        </dd>
        {here?.stage ? (
          <>
            <dt>What to do</dt>
            <dd>{words.todo ?? advice(here.stage)}</dd>
          </>
        ) : null}
      </dl>
      <div class="row small">
        <CopyButton kind="small quiet" text={new URL(href("faults", fault.name, { step }), location.href).href}>
          Copy a link to this
        </CopyButton>
        <code class="soft">aclk cloud --fault '{text}'</code>
      </div>
    </article>
  );
}

/** Lets the device go the way again on which the fault waits; yields what is to be seen. */
async function provoke(step: string): Promise<string> {
  const { device } = world();
  const now = state.value;
  if (!power.value) {
    await device.power(true);
    return "The device is switched on and meets it.";
  }
  if (step === "claim") {
    if (now?.claimedId) return "It waits for the next claim: unclaim the device first.";
    go("administrator");
    return "It waits for the claim: create a token and claim the device.";
  }
  if (!now?.claimedId && step !== "tls") return "It waits: the device has to be claimed first.";
  device.reboot();
  return step === "announce" || step === "online" ? "The device starts anew and meets it once it is live." : "The device starts anew and meets it on its way.";
}
