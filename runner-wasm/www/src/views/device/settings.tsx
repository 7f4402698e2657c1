// How the device is set up. Some of it counts from the next start on, so it is offered.

import { useState } from "preact/hooks";
import { useCell } from "../../app/cell";
import { isProxy } from "../../app/situation";
import { power, setSituation, settings, situation, state, world } from "../../app/world";
import type { DeviceSettings } from "../../bridge/types";
import { Button, Card, Field, Term } from "../../parts/basics";
import { notify } from "../../parts/notices";

const CLOCKS: readonly (readonly [string, number | null])[] = [
  ["asks the time server", null],
  ["a day slow", -86_400],
  ["ten years slow", -315_576_000],
  ["as in 1970, without a battery", -1_800_000_000],
  ["ten years fast", 315_576_000],
];

export function Settings() {
  const now = useCell(settings);
  return now ? <Form now={now} key={JSON.stringify(now)} /> : null;
}

function Form({ now }: { now: DeviceSettings }) {
  const isOn = useCell(power);
  const isClaimed = Boolean(useCell(state)?.claimedId);
  const [wanted, want] = useState(now);
  const change = (part: Partial<DeviceSettings>) => want({ ...wanted, ...part });
  const isChanged = JSON.stringify(wanted) !== JSON.stringify(now);
  const apply = async () => {
    const { device } = world();
    settings.set({ ...device.configure(wanted) });
    setSituation({ ...situation.value, device: { ...situation.value.device, ...wanted } });
    if (isOn) {
      await device.power(false);
      await device.power(true);
      notify("The device starts anew with it.");
    } else notify("It counts when the device is switched on.");
  };
  const isUsable = wanted.proxy === "" || isProxy(wanted.proxy);
  const clock = CLOCKS.find(([, offset]) => offset === wanted.clock)?.[0] ?? "";
  return (
    <Card title="Set it up">
      <div class="pair">
        <Field label="Host name" help="What the node is called in its Space.">
          <input value={wanted.hostname} maxLength={60} spellcheck={false} onInput={(event) => change({ hostname: event.currentTarget.value })} />
        </Field>
        <Field label="Private key" help={<><Term name="key">The key</Term> comes from the factory, or the device makes it: {isClaimed ? "this one has its key." : "some seconds of work."}</>}>
          <select value={wanted.key} onChange={(event) => change({ key: event.currentTarget.value as DeviceSettings["key"] })}>
            <option value="injected">from the factory</option>
            <option value="generate">made by the device</option>
          </select>
        </Field>
        <Field label="Proxy" help={!isUsable ? <span class="bad-text" role="alert">It begins with <code>http://</code>, <code>socks5://</code> or <code>socks5h://</code>, and a host follows.</span> : <>Empty for none. <Term name="proxy">A proxy</Term> waits at <code>proxy.test:3128</code> once the network has one: see Faults.</>}>
          <input class="mono" value={wanted.proxy} spellcheck={false} placeholder="http://proxy.test:3128" list="proxies" aria-invalid={!isUsable} onInput={(event) => change({ proxy: event.currentTarget.value.trim() })} />
        </Field>
        <Field label="Clock" help={<>Without <Term name="ntp">the time</Term> no certificate can be checked.</>}>
          <select value={clock} onChange={(event) => change({ clock: CLOCKS.find(([name]) => name === event.currentTarget.value)?.[1] ?? null })}>
            {CLOCKS.map(([name]) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </Field>
      </div>
      <datalist id="proxies">
        {["http://proxy.test:3128", "http://user:password@proxy.test:3128", "socks5://proxy.test:3128", "socks5h://user:password@proxy.test:3128"].map((value) => (
          <option key={value} value={value} />
        ))}
      </datalist>
      <div class="row">
        <Button kind="primary" disabled={!isChanged || !isUsable || !wanted.hostname.trim()} work={apply}>
          {isOn ? "Set, and start anew" : "Set"}
        </Button>
        {isChanged ? (
          <button type="button" class="quiet" onClick={() => want(now)}>
            Leave it
          </button>
        ) : null}
      </div>
    </Card>
  );
}
