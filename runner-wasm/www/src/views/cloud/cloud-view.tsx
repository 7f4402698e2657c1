// The Cloud as those see it who look after nodes: rooms, nodes, their charts, and what can be done about them.

import { useEffect, useState } from "preact/hooks";
import { useCell } from "../../app/cell";
import type { NodeSummary } from "../../app/cloud";
import { go, href, route } from "../../app/route";
import { events, nodes, phase, spaces } from "../../app/world";
import { Card, Pill, Term } from "../../parts/basics";
import { clock, span } from "../../parts/time";
import { Charts } from "./charts";
import { NodeCard } from "./node-card";
import { Query } from "./query";

export function CloudView() {
  const all = useCell(nodes);
  const { item } = useCell(route);
  const node = all.find(({ claimed_id }) => claimed_id === item) ?? all[0];
  return (
    <>
      <div class="two">
        <Rooms chosen={node} />
        {node ? <NodeCard node={node} key={node.claimed_id} /> : <Log />}
      </div>
      {node ? (
        <>
          <Charts node={node} key={`${node.claimed_id} ${node.state}`} />
          <div class="two">
            <Query node={node} key={node.claimed_id} />
            <Log />
          </div>
        </>
      ) : null}
    </>
  );
}

export function NodeState({ node }: { node: NodeSummary }) {
  if (node.banned) return <Pill kind="bad">banned</Pill>;
  return <Pill kind={node.state === "online" ? "good" : node.state === "offline" ? "bad" : "idle"}>{node.state}</Pill>;
}

function Rooms({ chosen }: { chosen: NodeSummary | undefined }) {
  const all = useCell(nodes);
  const every = useCell(spaces);
  const isReady = useCell(phase) === "ready";
  return (
    <Card title="Rooms and their nodes">
      {all.length ? null : (
        <p class="empty">
          {isReady ? <>No node here yet. <a href={href("administrator")}>Create a token</a> and claim the device.</> : "The Cloud is starting."}
        </p>
      )}
      {every.map((space) => (
        <section key={space.id} class="space" aria-label={space.name}>
          <h3>{space.name}</h3>
          {space.rooms.map((room) => {
            const members = all.filter((node) => node.space === space.id && node.rooms.includes(room.id));
            return (
              <div class="room" key={room.id}>
                <p class="small soft">
                  <Term name="room">{room.name}</Term>
                </p>
                <ul class="nodes">
                  {members.map((node) => (
                    <li key={node.claimed_id}>
                      <button type="button" class={`node ${node === chosen ? "chosen" : ""}`} aria-pressed={node === chosen} onClick={() => go("cloud", node.claimed_id)}>
                        <span class="grow">{node.hostname}</span>
                        <NodeState node={node} />
                      </button>
                    </li>
                  ))}
                  {members.length ? null : <li class="soft small">empty</li>}
                </ul>
              </div>
            );
          })}
        </section>
      ))}
    </Card>
  );
}

const BAD: ReadonlySet<string> = new Set(["claim-refused", "refused", "connect-refused", "offline", "disconnected", "will", "fault", "deviation", "unanswered"]);
const GOOD: ReadonlySet<string> = new Set(["claimed", "online", "connected", "authenticated", "answered"]);

function Log() {
  const all = useCell(events);
  const [shown, setShown] = useState<readonly (typeof all)[number][]>([]);
  // Questions for charts would bury everything else.
  useEffect(() => setShown(all.filter(({ event }) => event !== "asked" && event !== "answered").slice(-60).reverse()), [all]);
  return (
    <Card title="What happened in the Cloud" aside={<span class="soft small">newest first</span>}>
      {shown.length ? (
        <ol class="log" tabIndex={0} aria-label="Events">
          {shown.map((event) => (
            <li key={event.number} class={BAD.has(event.event) ? "bad" : GOOD.has(event.event) ? "good" : ""}>
              <time class="mono">{clock(event.at_ms)}</time>
              <span>{event.text}</span>
            </li>
          ))}
        </ol>
      ) : <p class="empty">Nothing yet.</p>}
    </Card>
  );
}

export const since = (ms: number): string => span(Date.now() - ms);
