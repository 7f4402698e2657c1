// All Spaces, or one: rooms, nodes with their liveness, tokens.

import { get, post } from "./api.js";
import { ago, ask, copy, count, doing, el, field, moment, show, state, time } from "./dom.js";

export async function open(main) {
  const body = el("div", { class: "two" });
  const refresh = async () => {
    const { spaces } = await get("spaces");
    if (spaces.length === 1) body.className = "";
    show(body, spaces.map((space) => el("section", { class: "card" },
      el("header", {}, el("h2", {}, el("a", { href: `#/space/${space.id}` }, space.name)), state(space.online ? "online" : "idle", space.online ? `${space.online} online` : "nobody online")),
      el("p", { class: "soft small" }, `${count(space.nodes, "node")}, ${count(space.rooms.length, "War Room")}; administrator ${space.administrators.join(", ")}`),
      el("ul", { class: "chips" }, space.rooms.map((room) => el("li", {}, el("a", { class: "chip button", href: `#/space/${space.id}` }, `${room.name} · ${room.nodes}`)))))));
  };
  await refresh();
  const { spaces } = await get("spaces");
  // With one Space there is nothing to choose.
  if (spaces.length === 1) return openSpace(main, spaces[0].id);
  show(main, el("div", { class: "row" }, el("h1", {}, "Spaces"), newSpace()), body);
  return { refresh };
}

const newSpace = () => el("button", { type: "button", onclick: addSpace }, "New Space");

async function addSpace() {
  const data = await ask({
    title: "New Space", verb: "Add", text: "It gets a room for all its nodes and a claiming token.",
    fields: [field("Name", el("input", { name: "name", required: true, maxlength: 100 }))],
  });
  if (!data) return;
  const made = await doing(null, () => post("spaces", { name: data.get("name") }), "Space added.");
  if (made) location.hash = `#/space/${made.id}`;
}

export async function openSpace(main, id) {
  let room = null;
  const title = el("h1", {});
  const about = el("p", { class: "soft small" });
  const rooms = el("ul", { class: "chips" });
  const nodes = el("div", { class: "scroll" });
  const tokens = el("div", {});
  const addRoom = el("button", { type: "button", class: "small", onclick: async () => {
    const data = await ask({ title: "New War Room", verb: "Add", fields: [field("Name", el("input", { name: "name", required: true, maxlength: 100 }))] });
    if (data) await doing(addRoom, () => post(`spaces/${id}/rooms`, { name: data.get("name") }), "Room added.") && refresh();
  } }, "New room");
  const addToken = el("button", { type: "button", class: "small", onclick: async () => {
    const expiry = el("select", { name: "expires_in" },
      [["", "never"], ["60", "in a minute"], ["3600", "in an hour"], ["86400", "in a day"], ["2592000", "in 30 days"]].map(([value, text]) => el("option", { value }, text)));
    const data = await ask({ title: "New claiming token", verb: "Make", fields: [field("Expires", expiry)] });
    if (!data) return;
    const wanted = data.get("expires_in");
    await doing(addToken, () => post(`spaces/${id}/tokens`, wanted ? { expires_in: Number(wanted) } : {}), "Token made.");
    await showTokens();
  } }, "New token");

  const refresh = async () => {
    const [{ spaces }, { nodes: all }] = await Promise.all([get("spaces"), get("nodes")]);
    const space = spaces.find((one) => one.id === id);
    if (!space) throw new Error("there is no Space of this id");
    title.textContent = space.name;
    about.textContent = `Space ${space.id} · administrator ${space.administrators.join(", ")}`;
    if (room && !space.rooms.some((one) => one.id === room)) room = null;
    show(rooms, space.rooms.map((one, index) => {
      const chosen = room ? room === one.id : index === 0;
      return el("li", {}, el("button", { type: "button", class: "chip", "aria-pressed": String(chosen), title: one.id, onclick: () => {
        room = one.id;
        refresh();
      } }, `${one.name} · ${one.nodes}`));
    }));
    const inside = all.filter((node) => node.space === id && node.rooms.includes(room ?? space.rooms[0]?.id));
    show(nodes, inside.length ? table(inside) : el("p", { class: "empty" }, "No node here yet. Claim one with a command from below."));
  };
  const showTokens = async () => {
    const { cloud, list } = await Promise.all([get("cloud"), get(`spaces/${id}/tokens`)]).then(([cloud, { tokens: list }]) => ({ cloud, list }));
    show(tokens, list.map((token) => tokenView(token, showTokens)), trust(cloud));
  };
  await Promise.all([refresh(), showTokens()]);
  show(main,
    el("div", {}, el("div", { class: "row" }, title, newSpace()), about),
    el("section", { class: "card" }, el("header", {}, el("h2", {}, "Nodes"), addRoom), rooms, nodes),
    el("section", { class: "card" }, el("header", {}, el("h2", {}, "Claiming tokens"), addToken), tokens));
  const ticking = setInterval(() => nodes.querySelectorAll("[data-since]").forEach((one) => (one.textContent = ago(Number(one.dataset.since)))), 1000);
  return { refresh, close: () => clearInterval(ticking) };
}

// How whoever links here comes to trust this Cloud: docs/cloud.md, "A real Netdata Agent".
function trust(cloud) {
  const file = /^[\w./-]+$/.test(cloud.ca_file) ? cloud.ca_file : `'${cloud.ca_file.replaceAll("'", "'\\''")}'`;
  return el("details", {}, el("summary", {}, "The certificate that devices and Agents have to trust"),
    el("p", { class: "small" }, "On this machine it is in ", el("code", {}, cloud.ca_file), "."),
    el("p", { class: "small" }, el("b", {}, "aclk"), ": put it into ", el("code", {}, "claim.d/cloud_fullchain.pem"), " of the device."),
    el("p", { class: "small" }, el("b", {}, "Netdata Agent"), ": its link trusts the system's authorities only, or what ", el("code", {}, "SSL_CERT_FILE"), " names instead. Before it is claimed:"),
    el("pre", {}, `cp ${file} /usr/local/share/ca-certificates/emulated-cloud.crt && update-ca-certificates
# or for the Agent alone: its claim, and its link
cp ${file} /var/lib/netdata/cloud.d/cloud_fullchain.pem
SSL_CERT_FILE=${file} netdata -D`),
    el("pre", {}, cloud.ca_pem));
}

function table(nodes) {
  const head = [["Node"], ["State"], ["For"], ["Version"], ["Instances live", "number"], ["Queryable", "number"], ["Contexts", "number"]];
  const row = (node) => el("tr", {},
    el("th", { scope: "row" }, el("a", { href: `#/node/${encodeURIComponent(node.claimed_id)}` }, node.hostname)),
    el("td", {}, state(node.state), node.banned ? [" ", state("banned")] : null),
    el("td", { "data-label": "for", title: moment(node.since_ms) }, el("span", { "data-since": node.since_ms }, ago(node.since_ms))),
    el("td", { "data-label": "version", class: "mono" }, node.version ?? "–"),
    el("td", { "data-label": "live", class: "number" }, `${node.live} of ${node.instances}`),
    el("td", { "data-label": "queryable", class: "number" }, String(node.queryable)),
    el("td", { "data-label": "contexts", class: "number" }, String(node.contexts)));
  return el("table", { class: "cards" },
    el("thead", {}, el("tr", {}, head.map(([text, kind]) => el("th", { scope: "col", class: kind }, text)))),
    el("tbody", {}, nodes.map(row)));
}

function tokenView(token, refresh) {
  const hidden = `${token.token.slice(0, 8)}…${token.token.slice(-4)}`;
  const text = el("code", {}, hidden);
  const reveal = el("button", { type: "button", class: "small", "aria-expanded": "false", onclick: () => {
    const open = reveal.getAttribute("aria-expanded") === "false";
    reveal.setAttribute("aria-expanded", String(open));
    reveal.textContent = open ? "Hide" : "Show command";
    text.textContent = open ? token.claim : hidden;
  } }, "Show command");
  const revoke = el("button", { type: "button", class: "small danger", onclick: async () => {
    const sure = await ask({ title: "Revoke this token?", text: "Nobody can claim with it any more. Nodes that were claimed with it stay.", verb: "Revoke", danger: true });
    if (!sure) return;
    await doing(revoke, () => post("tokens/revoke", { token: token.token }), "Revoked.");
    await refresh();
  } }, "Revoke");
  const usable = token.state === "valid";
  return el("div", { class: "token" },
    el("div", { class: "row" }, state(token.state), el("span", { class: "soft small" }, token.expires_ms ? ["expires ", time(token.expires_ms)] : "does not expire")),
    el("div", { class: "secret" }, text),
    usable ? el("div", { class: "row" }, reveal,
      el("button", { type: "button", class: "small", onclick: () => copy(token.claim) }, "Copy for aclk"),
      el("button", { type: "button", class: "small", onclick: () => copy(token.claim_script) }, "Copy for netdata-claim.sh"), revoke) : null);
}
