// A live chart of what /api/v1/data answers. It moves as samples come, and says its values to those who do not see it.

export interface ChartData {
  readonly id: string;
  readonly title: string;
  readonly units: string;
  readonly kind: string;
  readonly names: readonly string[];
  /** Seconds since 1970, and a value for each name. Oldest first. */
  readonly rows: readonly (readonly (number | null)[])[];
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [480, 170, 52, 10, 10, 22];
const COLOURS = 8;

export function Chart({ data }: { data: ChartData }) {
  const { rows, names, kind } = data;
  const isStacked = kind === "stacked";
  const points = rows.map(([at, ...values]) => ({ at: at ?? 0, values: isStacked ? sums(values) : values }));
  const all = points.flatMap(({ values }) => values).filter((value): value is number => Number.isFinite(value));
  const ticks = scale(Math.min(0, ...all), Math.max(0, ...all));
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const [first, last] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 1];
  const x = (at: number) => LEFT + ((at - first) / Math.max(1, last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => TOP + ((high - value) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM);
  const newest = rows.at(-1)?.slice(1) ?? [];
  const said = names.map((name, index) => `${name} ${number(newest[index])}`).join(", ");
  // Areas lie on top of each other from the last to the first.
  const order = names.map((_, index) => index).reverse();
  return (
    <figure class="chart" data-chart={data.title}>
      <figcaption>
        <span>{data.title}</span>
        <span class="soft small">{data.units}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${data.title}, ${rows.length} samples. Now: ${said}`}>
        <g>
          {ticks.map((tick) => (
            <g key={tick}>
              <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(tick)} y2={y(tick)} />
              <text x={LEFT - 7} y={y(tick) + 4} text-anchor="end">
                {short(tick)}
              </text>
            </g>
          ))}
          <text x={LEFT} y={HEIGHT - 5}>
            {points.length > 1 ? `${Math.round(last - first)} s ago` : ""}
          </text>
          <text x={WIDTH - RIGHT} y={HEIGHT - 5} text-anchor="end">
            now
          </text>
        </g>
        {order.map((index) => (
          <path key={index} class={`${isStacked || kind === "area" ? "area" : "line"} s${index % COLOURS}`} d={outline(points, index, x, y, isStacked || kind === "area" ? y(0) : null)} />
        ))}
      </svg>
      <ul class="legend">
        {names.map((name, index) => (
          <li key={name}>
            <svg viewBox="0 0 10 10" aria-hidden="true">
              <rect class={`s${index % COLOURS}`} width="10" height="10" rx="3" />
            </svg>
            {name} <b>{number(newest[index])}</b>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function outline(points: readonly { at: number; values: readonly (number | null)[] }[], index: number, x: (at: number) => number, y: (value: number) => number, floor: number | null): string {
  let path = "";
  let begun: number | null = null;
  let before = 0;
  const end = () => {
    if (begun !== null && floor !== null) path += `L${before.toFixed(1)} ${floor.toFixed(1)}L${begun.toFixed(1)} ${floor.toFixed(1)}Z`;
    begun = null;
  };
  for (const { at, values } of points) {
    const value = values[index];
    if (value === null || value === undefined || !Number.isFinite(value)) {
      end();
      continue;
    }
    path += `${begun === null ? "M" : "L"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    begun ??= x(at);
    before = x(at);
  }
  end();
  return path;
}

function sums(values: readonly (number | null)[]): (number | null)[] {
  let sum = 0;
  return values.map((value) => (value === null || !Number.isFinite(value) ? null : (sum += value)));
}

/** Round numbers around the range. */
function scale(low: number, high: number): number[] {
  const rough = (high - low || 1) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? rough;
  const ticks = [];
  for (let at = Math.floor(low / step); at <= Math.ceil(high / step); at += 1) ticks.push(Number((at * step).toPrecision(10)));
  return ticks;
}

const short = (value: number): string => value.toLocaleString("en", { maximumSignificantDigits: 4, notation: Math.abs(value) >= 10_000 ? "compact" : "standard" });
const number = (value: number | null | undefined): string => (value !== null && value !== undefined && Number.isFinite(value) ? Number(value.toPrecision(4)).toLocaleString("en") : "–");

/** `null` if it is no table of numbers over time. */
export function tableOf(json: unknown): { names: string[]; rows: (number | null)[][] } | null {
  const outer = json as { result?: unknown; labels?: unknown; data?: unknown } | null;
  const found = (outer?.result ?? outer) as { labels?: unknown; data?: unknown } | null;
  if (!Array.isArray(found?.labels) || !Array.isArray(found.data) || found.labels[0] !== "time") return null;
  const rows = (found.data as unknown[]).filter((row): row is (number | null)[] => Array.isArray(row) && Number.isFinite(row[0]));
  rows.sort((one, other) => (one[0] ?? 0) - (other[0] ?? 0));
  return { names: found.labels.slice(1).map(String), rows };
}
