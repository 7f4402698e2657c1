// A live chart of what /api/v1/data answers: lines, areas, or areas on top of each other.

import { clock, el, svg } from "./dom.js";

/** Seconds that are shown. */
export const WINDOW = 120;
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [480, 170, 50, 8, 8, 22];
const COLOURS = 8;

export class Chart {
  constructor(info) {
    this.info = info;
    this.names = Object.values(info.dimensions).map((dimension) => dimension.name);
    this.rows = new Map();
    this.cursor = null;
    this.grid = svg("g", { "aria-hidden": "true" });
    this.shapes = this.names.map((_, index) => svg("path", { class: `${info.chart_type === "line" ? "line" : "area"} s${index % COLOURS}` }));
    this.hair = svg("line", { class: "hair", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
    this.picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" }, this.grid, this.shapes, this.hair);
    this.values = this.names.map(() => el("b", {}, "–"));
    this.at = el("span", { class: "soft" });
    this.element = el("figure", { class: "card chart", tabindex: "0", "data-chart": info.id, "aria-label": info.title,
      onpointermove: (event) => this.point(event), onpointerleave: () => this.move(null), onblur: () => this.move(null), onkeydown: (event) => this.key(event) },
      el("figcaption", {}, el("span", {}, info.title.replace(` (${info.id})`, "")), el("span", { class: "soft small" }, `${info.id} · ${info.units}`)),
      this.picture,
      el("ul", { class: "legend" }, this.names.map((name, index) => el("li", {}, svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("rect", { class: `s${index % COLOURS}`, width: 10, height: 10, rx: 3 })), `${name} `, this.values[index])),
        el("li", { class: "at" }, this.at)));
  }

  /** How many seconds are missing up to `now`. */
  missing(now) {
    const last = this.newest();
    return last === null ? WINDOW : Math.min(WINDOW, Math.max(2, Math.ceil(now - last) + 2));
  }

  newest() {
    return this.rows.size ? Math.max(...this.rows.keys()) : null;
  }

  /** Takes what /api/v1/data answered. */
  add(table) {
    for (const [at, ...values] of table.data ?? []) this.rows.set(at, values);
    const first = (this.newest() ?? 0) - WINDOW;
    for (const at of this.rows.keys()) if (at <= first) this.rows.delete(at);
    this.draw();
  }

  draw() {
    const last = this.newest();
    if (last === null) return;
    const rows = [...this.rows].sort((a, b) => a[0] - b[0]);
    const stacked = this.info.chart_type === "stacked";
    const tops = rows.map(([at, values]) => [at, stacked ? sums(values) : values]);
    const all = tops.flatMap(([, values]) => values).filter(Number.isFinite);
    const ticks = scale(Math.min(0, ...all), Math.max(0, ...all));
    const [low, high] = [ticks[0], ticks[ticks.length - 1]];
    this.x = (at) => LEFT + (1 - (last - at) / (WINDOW - 1)) * (WIDTH - LEFT - RIGHT);
    const y = (value) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);
    this.grid.replaceChildren(...ticks.flatMap((tick) => [svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }), svg("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, short(tick))]),
      ...[last - WINDOW + 1, last - WINDOW / 2, last].map((at, index) => svg("text", { x: this.x(at), y: HEIGHT - 5, "text-anchor": ["start", "middle", "end"][index] }, clock(at))));
    this.shapes.forEach((shape, index) => {
      const under = stacked ? (values) => (index ? values[index - 1] : 0) : () => 0;
      shape.setAttribute("d", outline(tops, index, this.x, y, this.info.chart_type === "line" ? null : under));
    });
    this.tell();
  }

  /** Shows the values at the cursor, or the newest ones. */
  tell() {
    const at = this.cursor ?? this.newest();
    const values = this.rows.get(at) ?? [];
    this.values.forEach((value, index) => (value.textContent = Number.isFinite(values[index]) ? number(values[index]) : "–"));
    this.at.textContent = this.cursor === null || at === null ? "" : `at ${clock(at)}`;
    this.hair.setAttribute("visibility", this.cursor === null ? "hidden" : "visible");
    if (this.cursor !== null && this.x) for (const end of ["x1", "x2"]) this.hair.setAttribute(end, this.x(this.cursor));
  }

  move(at) {
    const kept = [...this.rows.keys()];
    this.cursor = at === null || !kept.length ? null : kept.reduce((best, one) => (Math.abs(one - at) < Math.abs(best - at) ? one : best));
    this.tell();
  }

  point(event) {
    const last = this.newest();
    if (last === null) return;
    const box = this.picture.getBoundingClientRect();
    const part = ((event.clientX - box.left) / box.width * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT);
    this.move(part < 0 || part > 1 ? null : last - (1 - part) * (WINDOW - 1));
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) this.move((this.cursor ?? this.newest()) + step);
    else if (event.key === "Escape") this.move(null);
    else return;
    event.preventDefault();
  }
}

const sums = (values) => {
  let sum = 0;
  return values.map((value) => (Number.isFinite(value) ? (sum += value) : null));
};

/** The path of one dimension, down to what is `under` it if it is an area; what is missing is a gap. */
function outline(rows, index, x, y, under) {
  const runs = [];
  let before = null;
  for (const [at, values] of rows) {
    if (Number.isFinite(values[index])) {
      if (before === null || at - before > 1.5) runs.push([]);
      runs[runs.length - 1].push([at, values]);
      before = at;
    } else before = null;
  }
  const place = (at, value) => `${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
  return runs.map((run) => {
    const top = run.map(([at, values]) => place(at, values[index]));
    // A single sample is a dot.
    if (!under) return `M${top.join("L")}${run.length === 1 ? "h.1" : ""}`;
    const bottom = run.map(([at, values]) => place(at, under(values) ?? 0)).reverse();
    return `M${top.join("L")}L${bottom.join("L")}Z`;
  }).join("") || "M0 0";
}

function number(value) {
  const size = Math.abs(value);
  const digits = size >= 1000 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits, notation: size >= 1e6 ? "compact" : "standard" });
}

/** For an axis, where there is little room. */
const short = (value) => value.toLocaleString("en", { maximumFractionDigits: 2, notation: Math.abs(value) >= 10000 ? "compact" : "standard", useGrouping: false });

/** Round numbers around the range. */
function scale(low, high) {
  const rough = (high - low || 1) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  const ticks = [];
  for (let at = Math.floor(low / step); at <= Math.max(Math.ceil(high / step - 1e-4), 1); at += 1) ticks.push(at * step);
  return ticks;
}
