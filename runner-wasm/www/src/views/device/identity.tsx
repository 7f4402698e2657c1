// What the device keeps: its identity in flash, to be taken along or damaged.

import { useCell } from "../../app/cell";
import { power, settings, state, world } from "../../app/world";
import { Button, Card, save, Term } from "../../parts/basics";
import { notify } from "../../parts/notices";
import { clock } from "../../parts/time";

const TRUST = { floor: "not known: only that it is later than the firmware", network: "from the time server", trusted: "known" } as const;

export function Identity() {
  const now = useCell(state);
  const isOn = useCell(power);
  const take = async () => {
    const archive = await world().device.exportIdentity();
    if (archive) save("claim.d.tar", archive, "application/x-tar");
    else notify("It is not claimed, so there is no identity to take along.", true);
  };
  const damage = async () => {
    const { device } = world();
    const wasOn = isOn;
    if (wasOn) await device.power(false);
    device.corruptFlash();
    if (wasOn) await device.power(true);
  };
  return (
    <Card title="What it is, and what it keeps">
      {now ? (
        <dl class="facts">
          <dt><Term name="guid">Machine GUID</Term></dt>
          <dd class="mono">{now.machineGuid}</dd>
          <dt><Term name="claimedId">Claimed id</Term></dt>
          <dd class="mono">{now.claimedId ?? "none yet"}</dd>
          <dt><Term name="node">Node id</Term></dt>
          <dd class="mono">{now.nodeId ?? "none yet"}</dd>
          <dt><Term name="proxy">Proxy</Term></dt>
          <dd>{now.proxy}</dd>
          <dt>Its clock</dt>
          <dd>{clock(now.now + now.clock.offsetMs)}, {TRUST[now.clock.trust]}</dd>
        </dl>
      ) : <p class="empty">It has no power, and says nothing.</p>}
      <p>
        Key and claim lie in its <Term name="flash">flash</Term>, which this browser keeps. You can take them along: <code>aclk run</code> on a Linux machine accepts the archive as its <code>claim.d</code>.
      </p>
      <div class="row">
        <Button work={take} disabled={!now?.claimedId}>
          Download claim.d
        </Button>
        <Button kind="danger" work={damage} done="Every page of the flash is damaged. See what the device makes of it.">
          Damage the flash
        </Button>
        <Button kind="danger" work={async () => {
          const wasOn = isOn;
          await world().device.eraseFlash();
          settings.set({ ...world().device.configure() });
          if (wasOn) await world().device.power(true);
        }} done="The device is as it came from the factory.">
          Factory state
        </Button>
      </div>
    </Card>
  );
}
