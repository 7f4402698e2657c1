// Everything that happens, as it happens.

import { clock, el, field, show, time } from "./dom.js";

const SHOWN = 500;
const BAD = new Set(["claim-refused", "refused", "connect-refused", "offline", "disconnected", "unanswered", "will"]);
const WARN = new Set(["fault", "deviation"]);
const GOOD = new Set(["claimed", "online", "connected", "reachable", "answered"]);

/** A line for each event. */
export function lines(events, nameless = false) {
  if (!events.length) return [el("li", {}, el("span", { class: "what soft" }, "Nothing yet."))];
  return events.map((event) => {
    const kind = BAD.has(event.event) ? "bad" : WARN.has(event.event) ? "warn" : GOOD.has(event.event) ? "good" : "";
    const who = event.hostname ? el("a", { href: `#/node/${encodeURIComponent(event.node)}` }, event.hostname) : event.connection ? `#${event.connection}` : "";
    return el("li", {}, time(event.at_ms, clock(event.at_ms)), nameless ? null : el("span", {}, who), el("span", { class: `what ${kind}` }, event.text));
  });
}

export async function open(main, log) {
  const list = el("ul", { class: "log", "aria-live": "off" });
  const filter = el("input", { type: "search", placeholder: "all", autocomplete: "off" });
  const pause = el("button", { type: "button", "aria-pressed": "false", onclick: () => {
    const on = pause.getAttribute("aria-pressed") === "false";
    pause.setAttribute("aria-pressed", String(on));
    pause.textContent = on ? "Go on" : "Pause";
    draw();
  } }, "Pause");
  const draw = () => {
    if (pause.getAttribute("aria-pressed") === "true") return;
    const words = filter.value.toLowerCase();
    const match = (event) => !words || `${event.event} ${event.hostname ?? ""} ${event.node ?? ""} ${event.text}`.toLowerCase().includes(words);
    show(list, lines(log.filter(match).slice(-SHOWN).reverse()));
  };
  filter.addEventListener("input", draw);
  draw();
  show(main, el("h1", {}, "Events"),
    el("section", { class: "card" }, el("form", { class: "line", onsubmit: (event) => event.preventDefault() }, field("Only with", filter, "grow"), pause), list));
  return { events: draw };
}
