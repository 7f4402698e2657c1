// Ask a node something over its link, and draw the answer if it is a table of numbers over time.

import { post } from "./api.js";
import { drawing, narrow, tableOf } from "./chart.js";
import { el, field, show } from "./dom.js";

const SUGGESTIONS = ["/api/v1/info", "/api/v1/charts", "/api/v1/contexts", "/api/v1/data?chart=system.cpu&after=-120&points=120&format=json", "/api/v1/alarms?all", "/api/v2/info"];
const EVERY = 2000;

export function queryForm(path) {
  const method = el("select", { name: "method" }, ["GET", "POST", "PUT", "DELETE"].map((name) => el("option", {}, name)));
  const target = el("input", { name: "path", value: SUGGESTIONS[0], required: true, pattern: "/\\S*", list: "paths", autocomplete: "off", spellcheck: "false", class: "mono" });
  const timeout = el("input", { name: "timeout", type: "number", min: 1, max: 600, value: 10, required: true });
  const again = el("input", { type: "checkbox", name: "again" });
  const send = el("button", { class: "primary" }, "Ask");
  const answer = el("div", { "aria-live": "polite", "data-answer": "" });
  let timer = null;
  let working = null;
  let last = null;
  const draw = () => last && showReply(answer, ...last);

  const ask = async () => {
    clearTimeout(timer);
    working?.abort();
    const mine = (working = new AbortController());
    if (!answer.childElementCount) show(answer, el("p", { class: "soft" }, "Waiting for the node …"));
    try {
      const wanted = { method: method.value, path: target.value, timeout_ms: Math.round(Number(timeout.value) * 1000) };
      const reply = await post(`${path}/query`, wanted, mine.signal);
      last = [wanted, reply];
      draw();
      if (again.checked) timer = setTimeout(ask, EVERY);
    } catch (error) {
      if (mine.signal.aborted) return;
      again.checked = false;
      last = null;
      show(answer, el("p", {}, el("strong", {}, "No answer: "), error.message));
    }
  };
  const stop = () => {
    again.checked = false;
    clearTimeout(timer);
    working?.abort();
  };
  narrow.addEventListener("change", draw);
  again.addEventListener("change", () => (again.checked ? ask() : clearTimeout(timer)));
  const form = el("form", { class: "line", onsubmit: (event) => {
    event.preventDefault();
    ask();
  } },
    field("Method", method, "narrow"), field("Path", target, "grow"), field("Timeout (s)", timeout, "narrow"), send,
    el("label", { class: "check" }, again, "every 2 s"));
  const element = el("section", { class: "card", "data-query": "" }, el("header", {}, el("h2", {}, "Ask the node")), form,
    el("datalist", { id: "paths" }, SUGGESTIONS.map((value) => el("option", { value }))), answer);
  return {
    element,
    run: (wanted) => {
      method.value = "GET";
      target.value = wanted;
      ask();
      element.scrollIntoView({ block: "start" });
    },
    stop,
    close: () => {
      narrow.removeEventListener("change", draw);
      stop();
    },
  };
}

function showReply(parent, wanted, reply) {
  const good = reply.code >= 200 && reply.code < 300;
  let json = null;
  try {
    json = reply.base64 ? null : JSON.parse(reply.body);
  } catch {
    // It is shown as it is.
  }
  const table = json && tableOf(json);
  const pretty = json ? JSON.stringify(json, null, 2) : reply.base64 ? `(${reply.bytes} bytes that are no text)` : reply.body;
  const raw = el("details", { open: !table }, el("summary", {}, "Body"), el("pre", {}, pretty || "(empty)"));
  show(parent,
    el("p", { class: "row" }, el("span", { class: `state ${good ? "online" : "offline"}` }, `HTTP ${reply.code}`),
      el("span", { class: "soft small" }, `${reply.bytes} bytes in ${reply.took_ms.toFixed(reply.took_ms < 10 ? 1 : 0)} ms`),
      reply.error ? el("span", {}, `error ${reply.error.code}: ${reply.error.description}`) : null),
    table ? drawing(table, new URLSearchParams(wanted.path.split("?")[1]).get("chart") ?? wanted.path) : null,
    raw,
    reply.head ? el("details", {}, el("summary", {}, "Head"), el("pre", {}, reply.head)) : null);
}
