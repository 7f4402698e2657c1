// A node: what the Cloud knows of it, and what an administrator can do about it.

import { useState } from "preact/hooks";
import { useCell, useTick } from "../../app/cell";
import { ask, refresh, type NodeSummary } from "../../app/cloud";
import { spaces } from "../../app/world";
import { Button, Card, Confirm, Term } from "../../parts/basics";
import { NodeState, since } from "./cloud-view";

type Deed = "disconnect" | "ban" | "remove";
const DEEDS: Readonly<Record<Deed, { title: string; text: string; verb: string }>> = {
  disconnect: { title: "Disconnect the node?", text: "The Cloud asks it to leave. It comes back by itself after the pause that it was asked for: five seconds.", verb: "Disconnect" },
  ban: { title: "Ban the node?", text: "The Cloud asks it to leave and not to call again. It stays away until it is let in again and reloads or reboots.", verb: "Ban" },
  remove: { title: "Remove the node?", text: "It is taken out of its Space. It cannot log in any more, and has to be claimed anew.", verb: "Remove" },
};

export function NodeCard({ node }: { node: NodeSummary }) {
  const [asked, setAsked] = useState<Deed | null>(null);
  const path = `/api/nodes/${encodeURIComponent(node.claimed_id)}`;
  useTick(1_000);
  const rooms = useCell(spaces).flatMap((space) => space.rooms).filter(({ id }) => node.rooms.includes(id)).map(({ name }) => name);
  const perform: Readonly<Record<Deed, () => Promise<unknown>>> = {
    disconnect: () => ask("POST", `${path}/disconnect`, { reconnect_after: 5 }),
    ban: () => ask("POST", `${path}/ban`, {}),
    remove: () => ask("DELETE", path),
  };
  return (
    <Card title={node.hostname} aside={<NodeState node={node} />}>
      <dl class="facts">
        <dt>{node.state}</dt>
        <dd>for {since(node.since_ms)}</dd>
        <dt>
          <Term name="claimedId">Claimed id</Term>
        </dt>
        <dd class="mono">{node.claimed_id}</dd>
        <dt>
          <Term name="room">War Rooms</Term>
        </dt>
        <dd>{rooms.join(", ") || "none"}</dd>
        <dt>Version</dt>
        <dd>{node.version ?? "not told yet"}</dd>
        <dt>
          <Term name="context">Contexts</Term>
        </dt>
        <dd>{node.contexts}</dd>
      </dl>
      <div class="row">
        {node.banned ? (
          <Button kind="primary" work={async () => {
            await ask("POST", `${path}/unban`, {});
            await refresh();
          }} done="The node may call again. Reboot it, and it does.">
            Let it in again
          </Button>
        ) : (
          <>
            <button type="button" disabled={node.state !== "online"} onClick={() => setAsked("disconnect")}>
              Disconnect…
            </button>
            <button type="button" class="danger" onClick={() => setAsked("ban")}>
              Ban…
            </button>
          </>
        )}
        <button type="button" class="danger" onClick={() => setAsked("remove")}>
          Remove…
        </button>
      </div>
      {asked ? (
        <Confirm {...DEEDS[asked]} onNo={() => setAsked(null)} onYes={() => {
          const deed = perform[asked];
          setAsked(null);
          void deed().then(refresh);
        }} />
      ) : null}
    </Card>
  );
}
