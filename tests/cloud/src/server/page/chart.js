// A small line chart of what /api/v1/data answers.

import { clock, el, svg } from "./dom.js";

const LEFT = 56;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 26;
/** Where the units of the drawing are fewer, so that its text stays as large as other text. */
export const narrow = matchMedia("(max-width: 44rem)");
const COLOURS = 8;

/** `{ labels, rows }` with the time in milliseconds first, oldest row first; null if `json` is no such table. */
export function tableOf(json) {
  const found = json.result?.data ? json.result : json;
  if (!Array.isArray(found.labels) || !Array.isArray(found.data) || !found.data.length) return null;
  if (found.labels[0] !== "time" || !found.data.every((row) => Array.isArray(row) && Number.isFinite(row[0]))) return null;
  const rows = found.data.map((row) => [row[0] < 1e12 ? row[0] * 1000 : row[0], ...row.slice(1)]);
  rows.sort((a, b) => a[0] - b[0]);
  return { labels: found.labels.slice(1), rows };
}

export function drawing({ labels, rows }, name) {
  const [width, height] = narrow.matches ? [360, 220] : [1040, 280];
  const values = rows.flatMap((row) => row.slice(1)).filter(Number.isFinite);
  const ticks = scale(Math.min(0, ...values), Math.max(...values, 0) || 1);
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const [first, last] = [rows[0][0], rows[rows.length - 1][0]];
  const x = (at) => LEFT + ((at - first) / Math.max(1, last - first)) * (width - LEFT - RIGHT);
  const y = (value) => TOP + ((high - value) / (high - low)) * (height - TOP - BOTTOM);
  const format = (value) => Number(value.toPrecision(4)).toLocaleString("en");
  const latest = (index) => rows[rows.length - 1][index + 1];
  const summary = labels.map((label, index) => `${label} ${Number.isFinite(latest(index)) ? format(latest(index)) : "unknown"}`).join(", ");
  const moments = (narrow.matches ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1]).map((part) => first + part * (last - first));
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${name}, ${rows.length} points from ${clock(first)} to ${clock(last)}. Last: ${summary}` },
    ticks.map((tick) => [svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick) }),
      svg("text", { x: LEFT - 8, y: y(tick) + 4, "text-anchor": "end" }, format(tick))]),
    moments.map((at, index, all) => svg("text", { x: x(at), y: height - 6, "text-anchor": index === 0 ? "start" : index === all.length - 1 ? "end" : "middle" }, clock(at))),
    labels.map((_, index) => svg("path", { class: `s${index % COLOURS}`, d: line(rows, index + 1, x, y) })));
  return el("figure", { class: "chart", "data-chart": "" }, el("figcaption", { class: "small soft mono" }, name), picture,
    el("ul", { class: "legend" }, labels.map((label, index) => el("li", {},
      svg("svg", { viewBox: "0 0 22 8", "aria-hidden": "true" }, svg("path", { class: `s${index % COLOURS}`, d: "M2 4H20" })),
      `${label} `, el("b", {}, Number.isFinite(latest(index)) ? format(latest(index)) : "–")))));
}

/** The path of one dimension; what is missing is a gap. */
function line(rows, index, x, y) {
  let path = "";
  let pen = "M";
  for (const row of rows) {
    if (Number.isFinite(row[index])) {
      path += `${pen}${x(row[0]).toFixed(1)} ${y(row[index]).toFixed(1)}`;
      pen = "L";
    } else pen = "M";
  }
  return path || "M0 0";
}

/** Round numbers around the range. */
function scale(low, high) {
  const rough = (high - low || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  const ticks = [];
  for (let at = Math.floor(low / step); at <= Math.ceil(high / step); at += 1) ticks.push(at * step);
  return ticks;
}
