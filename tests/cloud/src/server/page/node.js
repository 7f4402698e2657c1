// One node: what it is, how its link is, what it can be asked, and what can be done to it.

import { get, post, remove } from "./api.js";
import { ago, ask, count, doing, el, facts, field, moment, show, state, time } from "./dom.js";
import { lines } from "./events.js";
import { queryForm } from "./query.js";

export async function open(main, id, log) {
  const path = `nodes/${encodeURIComponent(id)}`;
  const head = el("div", {});
  const about = el("section", { class: "card" });
  const instances = el("section", { class: "card" });
  const contexts = el("section", { class: "card" });
  const past = el("ul", { class: "log plain" });
  const recent = el("ul", { class: "log short" });
  const query = queryForm(path);
  let shown = "";
  let asking = new AbortController();

  const refresh = async () => {
    const { signal } = asking;
    const asked = Promise.all([get(path, signal), get(`${path}/history`, signal)]);
    const answers = await asked.catch((error) => {
      if (!signal.aborted) throw error;
    });
    if (signal.aborted) return;
    const [node, { history }] = answers;
    show(head, heading(node), actions(node, path, refresh, forget));
    show(about, el("header", {}, el("h2", {}, "Facts")), nodeFacts(node));
    show(instances, el("header", {}, el("h2", {}, "Instances")), instanceTable(node));
    const list = JSON.stringify(node.node_instances.map((one) => one.contexts.map((context) => context.id)));
    if (list !== shown) show(contexts, el("header", {}, el("h2", {}, "Contexts")), contextList(node, query));
    shown = list;
    show(past, history.slice(0, 200).map((turn) => el("li", {}, time(turn.at_ms), el("span", { class: "what" }, state(turn.turn), " ", turn.why ?? (turn.from ? `from ${turn.from}` : "")))));
    if (!history.length) show(past, el("li", {}, el("span", { class: "what soft" }, "It was never connected.")));
  };
  /** Removes it, and says whether that went well. Nobody asks for it meanwhile: it may be gone before that is answered. */
  const forget = async (button) => {
    asking.abort();
    query.stop();
    const done = await doing(button, () => remove(path).then(() => true), "Removed.");
    if (done) return true;
    asking = new AbortController();
    await refresh();
    return false;
  };
  const showRecent = () => show(recent, lines(log.filter((event) => event.node === id).slice(-30).reverse(), true));
  await refresh();
  showRecent();
  show(main, head, query.element,
    el("div", { class: "two" }, about, el("section", { class: "card" }, el("header", {}, el("h2", {}, "Connection history")), el("div", { class: "scroll" }, past))),
    instances, contexts,
    el("section", { class: "card" }, el("header", {}, el("h2", {}, "Events of this node")), el("div", { class: "scroll" }, recent)));
  const ticking = setInterval(() => head.querySelectorAll("[data-since]").forEach((one) => (one.textContent = ago(Number(one.dataset.since)))), 1000);
  return {
    refresh,
    events: showRecent,
    close: () => {
      clearInterval(ticking);
      asking.abort();
      query.close();
    },
  };
}

function heading(node) {
  return el("div", {},
    el("div", { class: "row" }, el("h1", {}, node.hostname), state(node.state), node.banned ? state("banned") : null,
      el("span", { class: "soft" }, "for ", el("span", { "data-since": node.since_ms }, ago(node.since_ms)))),
    el("p", { class: "mono soft" }, node.claimed_id));
}

function actions(node, path, refresh, forget) {
  const act = async (button, work, done) => {
    await doing(button, work, done);
    await refresh();
  };
  const disconnect = el("button", { type: "button", disabled: node.state !== "online", onclick: async () => {
    const data = await ask({
      title: "Disconnect", verb: "Disconnect", text: "The Cloud asks the node to leave, as it does before maintenance.",
      fields: [
        field("Come back after (seconds)", el("input", { name: "after", type: "number", min: 0, value: 5, required: true })),
        field("Reason", el("input", { name: "reason", value: "maintenance", maxlength: 200 })),
        el("label", { class: "check" }, el("input", { type: "checkbox", name: "permaban" }), "for good (permaban)"),
      ],
    });
    if (!data) return;
    const wanted = { reconnect_after: Number(data.get("after")), reason: data.get("reason"), permaban: data.has("permaban") };
    await act(disconnect, () => post(`${path}/disconnect`, wanted), "Asked to leave.");
  } }, "Disconnect…");
  const ban = el("button", { type: "button", class: node.banned ? "" : "danger", onclick: async () => {
    if (!node.banned && !(await ask({ title: "Ban this node?", text: "Its link ends, and every further attempt is refused until it is let in again.", verb: "Ban", danger: true }))) return;
    await act(ban, () => post(`${path}/${node.banned ? "unban" : "ban"}`), node.banned ? "Let in again." : "Banned.");
  } }, node.banned ? "Let in again" : "Ban…");
  const away = el("button", { type: "button", class: "danger", onclick: async () => {
    if (!(await ask({ title: `Remove ${node.hostname}?`, text: "The Cloud forgets the node and its history. It has to be claimed anew.", verb: "Remove", danger: true }))) return;
    if (await forget(away)) location.hash = `#/space/${node.space}`;
  } }, "Remove…");
  const fault = el("a", { href: "#/faults" }, "Inject a fault");
  return el("div", { class: "row" }, disconnect, ban, away, fault);
}

function nodeFacts(node) {
  const info = node.node_instances.find((one) => one.hops === 0)?.info ?? {};
  const text = (...parts) => parts.filter(Boolean).join(" ");
  return facts([
    ["Version", node.version],
    ["Operating system", text(info.os_name || info.os, info.os_version)],
    ["Kernel", text(info.kernel, info.kernel_version)],
    ["Hardware", [info.architecture, info.cpus ? count(info.cpus, "CPU") : "", info.memory && info.memory !== "0" ? `${Math.round(Number(info.memory) / 1048576)} MiB RAM` : ""].filter(Boolean).join(", ")],
    ["Machine GUID", node.machine_guid && el("span", { class: "mono" }, node.machine_guid)],
    ["Claimed", time(node.claimed_ms)],
    ["Address", node.address && el("span", { class: "mono" }, node.address)],
    ["Speaks", node.dialect === "agent" ? "as an original Agent" : node.dialect === "client" ? "as another client" : null],
    ["Sessions", `${node.connections} since the Cloud was started; ${count(node.messages, "message")}`],
    ["Capabilities", node.capabilities.map((one) => `${one.name}/${one.version}${one.enabled ? "" : " (off)"}`).join(", ")],
    ["Last link ended", node.last_disconnect && `${moment(node.last_disconnect.at_ms)}: ${node.last_disconnect.why}`],
  ]);
}

function instanceTable(node) {
  if (!node.node_instances.length) return el("p", { class: "empty" }, "It has not registered an instance yet.");
  const row = (one) => el("tr", {},
    el("th", { scope: "row" }, one.hostname, el("div", { class: "mono soft" }, one.node_id)),
    el("td", {}, state(one.live ? "live" : "offline")),
    el("td", { "data-label": "queryable" }, one.queryable && one.live ? "yes" : "no"),
    el("td", { "data-label": "hops", class: "number" }, String(one.hops)),
    el("td", { "data-label": "version", class: "mono" }, one.version ?? "–"),
    el("td", { "data-label": "collectors" }, one.collectors.length ? el("details", {}, el("summary", {}, String(one.collectors.length)), one.collectors.join(", ")) : "0"),
    el("td", { "data-label": "contexts", class: "number" }, String(one.contexts.length)));
  return el("div", { class: "scroll" }, el("table", { class: "cards" },
    el("thead", {}, el("tr", {}, ["Instance", "State", "Queryable", "Hops", "Version", "Collectors", "Contexts"].map((text) => el("th", { scope: "col", class: ["Hops", "Contexts"].includes(text) ? "number" : "" }, text)))),
    el("tbody", {}, node.node_instances.map(row))));
}

function contextList(node, query) {
  const all = node.node_instances.flatMap((one) => one.contexts.map((context) => ({ ...context, one })));
  if (!all.length) return el("p", { class: "empty" }, "It has not told of any context yet.");
  all.sort((a, b) => a.priority - b.priority || a.id.localeCompare(b.id));
  const chart = ({ id, one }) => {
    const host = one.hops === 0 ? "" : `/host/${one.machine_guid}`;
    query.run(`${host}/api/v1/data?chart=${encodeURIComponent(id)}&after=-120&points=120&format=json`);
  };
  return el("div", { class: "scroll" }, el("table", { class: "cards" },
    el("thead", {}, el("tr", {}, ["Context", "Title", "Units", "Family", ""].map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, all.map((context) => el("tr", {},
      el("th", { scope: "row", class: "mono" }, context.id),
      el("td", { "data-label": "" }, context.title), el("td", { "data-label": "units" }, context.units || "–"), el("td", { "data-label": "family" }, context.family || "–"),
      el("td", {}, el("button", { type: "button", class: "small", "aria-label": `Chart of ${context.id}`, onclick: () => chart(context) }, "Chart")))))));
}
