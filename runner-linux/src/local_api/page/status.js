// The status page: asks the node every second how it is, and shows it. It changes nothing.

import { Chart } from "./chart.js";
import { el, milliseconds, show, span, svg, time } from "./dom.js";
import { LEGS, advice, headline, leg, logged, said, stage } from "./words.js";

const $ = (id) => document.getElementById(id);
const get = async (path) => {
  const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(8000) });
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return response.json();
};

/** The node's clock less ours, in seconds: what it says is told by its own clock. */
let ahead = 0;
const now = () => Date.now() / 1000 + ahead;

function showState(history) {
  const { state, since, failure } = history;
  const reason = history.reason && history.reason !== "not claimed" ? history.reason : null;
  const words = headline(state, reason);
  const next = failure?.next_attempt;
  show($("state"), [state, since, failure, reason], () => [
    el("div", { class: `dot ${words.kind}`, "aria-hidden": "true" }, mark(words.kind)),
    el("div", { class: "grow" },
      el("h1", {}, words.title),
      el("p", { class: "soft" }, words.text),
      el("p", { class: "soft small" }, "since ", time(since), ", for ", el("span", { "data-since": since }, span(now() - since))),
      failure ? problem(failure) : null,
      reason ? el("p", { class: "cause" }, reason) : null,
      state === "idle" && !reason ? howToClaim() : null,
      next ? el("p", { class: "next" }, el("span", { "data-next": next }, nextIn(next))) : null),
  ]);
  document.title = `${words.title} · ${$("name").textContent}`;
  for (const one of document.querySelectorAll("[data-since]")) one.textContent = span(now() - Number(one.dataset.since));
  for (const one of document.querySelectorAll("[data-next]")) one.textContent = nextIn(Number(one.dataset.next));
}

const nextIn = (at) => (at > now() + 0.5 ? `Next attempt in ${span(at - now())}.` : "The next attempt begins now.");

function problem(failure) {
  const words = said(failure.server);
  return el("div", { class: "problem" },
    el("p", { class: "where" }, "It fails at the step ", el("strong", {}, stage(failure.stage)), failure.purpose ? `, ${leg(failure.purpose).aim}` : null, el("span", { class: "log-word" }, ` ${[failure.purpose, failure.stage].filter(Boolean).join(" · ")}`)),
    el("p", { class: "cause" }, failure.cause),
    words ? el("p", { class: "small" }, `The Cloud said: ${words}`) : null,
    el("p", { class: "todo" }, el("strong", {}, "What to do: "), failure.hint ?? advice(failure.stage)));
}

function howToClaim() {
  return el("div", { class: "problem calm" },
    el("p", {}, "Copy the claim command of your Space from Netdata Cloud, and run on this machine:"),
    el("pre", {}, "aclk claim -token=TOKEN -rooms=ROOM"),
    el("p", { class: "small" }, "The link comes up by itself a few seconds later; nothing need be started again."));
}

function showWay(history) {
  const { state, steps, failure } = history;
  $("way").hidden = !steps.length && !failure;
  const total = steps.reduce((sum, step) => sum + step.ms, 0);
  $("way-note").textContent = state === "online" ? `${milliseconds(total)} in all` : state === "connecting" ? "on the way" : "the last attempt";
  const legs = LEGS.filter(({ name }) => name !== "claim" || steps.some((step) => step.purpose === "claim") || failure?.purpose === "claim");
  const active = failure ? (failure.purpose ?? null) : state === "connecting" ? (steps[steps.length - 1]?.purpose ?? "env") : null;
  show($("legs"), [state, steps, failure], () => legs.map((one) => {
    const isFailed = failure?.purpose === one.name;
    const passed = steps.filter((step) => step.purpose === one.name);
    // A request may be answered, and the answer be the failure.
    const done = isFailed && passed[passed.length - 1]?.stage === failure.stage ? passed.slice(0, -1) : passed;
    const plan = one.stages.filter((name) => name !== "dns" || !done.some((step) => step.stage === "tcp") || done.some((step) => step.stage === "dns"));
    const failedAt = isFailed ? failure.stage : null;
    const rows = done.map((step) => row("done", step.stage, milliseconds(step.ms)));
    if (isFailed) rows.push(row("failed", failedAt, "failed"));
    const seen = new Set([...done.map((step) => step.stage), failedAt]);
    const from = Math.max(-1, ...[...seen].map((name) => plan.indexOf(name)));
    let isNext = active === one.name && !isFailed;
    for (const name of plan.slice(from + 1)) {
      rows.push(row(isNext ? "busy" : "open", name, isNext ? "…" : ""));
      isNext = false;
    }
    const kind = isFailed ? "failed" : done.length && from === plan.length - 1 ? "done" : active === one.name ? "busy" : "open";
    const spent = done.reduce((sum, step) => sum + step.ms, 0);
    return el("li", { class: `leg ${kind}` },
      el("h3", {}, mark(kind), el("span", {}, one.title), el("span", { class: "soft small" }, done.length ? milliseconds(spent) : "")),
      el("p", { class: "soft small" }, one.text),
      el("ol", {}, rows));
  }));
}

function row(kind, name, note) {
  const spoken = { done: "done", failed: "failed", busy: "under way", open: "not reached" }[kind];
  return el("li", { class: kind }, mark(kind), el("span", {}, stage(name), logged(name) ? el("span", { class: "log-word" }, ` ${logged(name)}`) : null, el("span", { class: "hidden" }, `, ${spoken}`)), el("span", { class: "ms" }, note));
}

/** What a state looks like to those who do not see colours. */
function mark(kind) {
  const paths = { done: "M4 8.5l2.6 2.6L12 5.5", good: "M4 8.5l2.6 2.6L12 5.5", failed: "M5 5l6 6M11 5l-6 6", bad: "M5 5l6 6M11 5l-6 6", busy: "M8 4.6V8l2.3 1.6", wait: "M8 4.6V8l2.3 1.6", idle: "M5 8h6", open: "" };
  return svg("svg", { class: `mark ${kind}`, viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("circle", { cx: 8, cy: 8, r: 7 }), paths[kind] ? svg("path", { d: paths[kind] }) : null);
}

function showIdentity(info, cloud, history) {
  const mine = info.mirrored_hosts_status?.[0] ?? {};
  const facts = [
    ["Cloud", cloud.url], ["Claimed id", cloud.claim_id], ["Node id", mine.node_id], ["Machine GUID", info.uid],
    ["System", [info.os_name === "unknown" ? info.os_id : info.os_name, info.os_version, info.architecture].filter((part) => part && part !== "unknown").join(" ")],
    ["Program", history.program],
  ].filter(([, value]) => value);
  show($("identity"), [facts, history.started], () => [...facts.map(([name, value]) => [el("dt", {}, name), el("dd", { class: /id|GUID/.test(name) ? "mono" : null }, value)]),
    [el("dt", {}, "Running since"), el("dd", {}, time(history.started))]].flat());
}

function showLately(history) {
  const entries = [
    ...history.failures.map((failure) => ({ at: failure.at, kind: "bad", text: [el("strong", {}, [failure.purpose, failure.stage].filter(Boolean).join(" · ")), ` ${failure.cause}`] })),
    ...history.connections.flatMap(({ from, to }) => [{ at: from, kind: "good", text: ["online"] }, to === null ? null : { at: to, kind: "idle", text: [`offline, after ${span(to - from)}`] }]),
  ].filter(Boolean).sort((a, b) => b.at - a.at).slice(0, 16);
  $("lately").hidden = !entries.length;
  show($("log"), [history.failures, history.connections], () => entries.map(({ at, kind, text }) => el("li", { class: kind }, time(at), el("span", {}, text))));
}

const charts = new Map();
const visible = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) visible[isIntersecting ? "add" : "delete"](target.dataset.chart);
}, { rootMargin: "600px" });

async function findCharts() {
  const found = Object.values((await get("api/v1/charts")).charts).sort((a, b) => a.priority - b.priority || a.id.localeCompare(b.id));
  for (const info of found.filter(({ id }) => !charts.has(id))) {
    const chart = new Chart(info);
    charts.set(info.id, chart);
    $("charts").append(chart.element);
    watcher.observe(chart.element);
  }
}

/** One after the other: a page is not worth more than one connection. */
async function feedCharts() {
  for (const [id, chart] of charts) {
    if (visible.has(id)) chart.add(await get(`api/v1/data?chart=${encodeURIComponent(id)}&after=-${chart.missing(now())}`));
  }
}

async function look() {
  const [history, { cloud }, info] = [await get("api/aclk/history"), await get("api/v3/info"), await get("api/v1/info")];
  // Whole seconds differ by one now and then; only a clock that is set otherwise counts.
  const differs = history.now - Date.now() / 1000;
  ahead = Math.abs(differs) < 2 ? 0 : differs;
  $("name").textContent = info.mirrored_hosts?.[0] ?? "This node";
  showState(history);
  showWay(history);
  showIdentity(info, cloud, history);
  showLately(history);
  if (!charts.size) await findCharts();
  await feedCharts();
}

function answering(isLive, text) {
  $("answering").className = isLive ? "answering live" : "answering lost";
  if ($("answering").textContent !== text) $("answering").textContent = text;
}

for (;;) {
  const begun = Date.now();
  if (!document.hidden) {
    try {
      await look();
      answering(true, "updating");
    } catch {
      answering(false, "no answer");
    }
  }
  await new Promise((wait) => setTimeout(wait, Math.max(200, 1000 - (Date.now() - begun))));
}
