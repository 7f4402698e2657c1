// Live charts of a node. The Cloud keeps no metrics: each value is asked for over the link, now.

import { useEffect, useState } from "preact/hooks";
import { useCell } from "../../app/cell";
import { query, type NodeSummary } from "../../app/cloud";
import { power } from "../../app/world";
import { Card, Term } from "../../parts/basics";
import { Chart, tableOf, type ChartData } from "../../parts/chart";

/** Charts that are asked for, and how often: each is a question over the link. */
const [MOST, EVERY_MS, SECONDS] = [4, 2_000, 60];

interface Info { readonly id: string; readonly title: string; readonly units: string; readonly chart_type: string; readonly priority: number }

export function Charts({ node }: { node: NodeSummary }) {
  const [charts, setCharts] = useState<readonly ChartData[]>([]);
  const [said, say] = useState("");
  const isOnline = node.state === "online" && node.live > 0;
  useCell(power);
  useEffect(() => {
    if (!isOnline) return undefined;
    let isWanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let known: readonly Info[] = [];
    const look = async () => {
      try {
        if (!known.length) known = chartsOf((await query(node.claimed_id, "/api/v1/charts")).body);
        const found: ChartData[] = [];
        for (const info of known) {
          const { body } = await query(node.claimed_id, `/api/v1/data?chart=${encodeURIComponent(info.id)}&after=-${SECONDS}`);
          const table = tableOf(JSON.parse(body) as unknown);
          // What this machine cannot measure is not shown.
          if (table?.rows.some((row) => row.slice(1).some(Number.isFinite))) found.push({ id: info.id, title: info.title.replace(` (${info.id})`, ""), units: info.units, kind: info.chart_type, ...table });
        }
        if (!isWanted) return;
        known = known.filter((info) => found.some(({ id }) => id === info.id)).slice(0, MOST);
        setCharts(found.slice(0, MOST));
        say("");
      } catch (error) {
        if (isWanted) say(error instanceof Error ? error.message : String(error));
      }
      if (isWanted) timer = setTimeout(() => void look(), EVERY_MS);
    };
    void look();
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [node.claimed_id, isOnline]);
  return (
    <Card title="Live from the node" aside={<span class="soft small">asked over the <Term name="aclk">link</Term> every two seconds</span>}>
      {said ? <p class="small bad-text" role="status">{`No answer: ${said}.`}</p> : null}
      {isOnline || charts.length ? (
        <div class="charts">
          {charts.map((data) => (
            <Chart key={data.title} data={data} />
          ))}
          {charts.length ? null : <p class="empty">{said ? "" : "Asking the node …"}</p>}
        </div>
      ) : <p class="empty">The node is not online, so there is nobody to ask. The Cloud keeps no metrics of its own.</p>}
    </Card>
  );
}

/** The first charts that a node lists; none if it is no such list. */
function chartsOf(body: string): Info[] {
  const list = (JSON.parse(body) as { charts?: Record<string, Info> }).charts ?? {};
  return Object.values(list).sort((one, other) => one.priority - other.priority || one.id.localeCompare(other.id)).slice(0, 2 * MOST);
}
