// The frame: log in, choose a view by the address, and tell it when something happened.

import { LoggedOut, follow, get, post } from "./api.js";
import { el, field, notice, show } from "./dom.js";
import * as events from "./events.js";
import * as faults from "./faults.js";
import * as node from "./node.js";
import * as spaces from "./spaces.js";

const main = document.getElementById("main");
const log = [];
const LOG_MAX = 2000;
let view = null;
/** Ends the wait for what happens, if there is one. */
let following = null;
let pending = null;

const ROUTES = [
  [/^#\/$/, () => spaces.open(main)],
  [/^#\/space\/([^/]+)$/, (id) => spaces.openSpace(main, decodeURIComponent(id))],
  [/^#\/node\/([^/]+)$/, (id) => node.open(main, decodeURIComponent(id), log)],
  [/^#\/faults$/, () => faults.open(main)],
  [/^#\/events$/, () => events.open(main, log)],
];

async function go() {
  const hash = location.hash || "#/";
  for (const link of document.querySelectorAll("nav a")) {
    const here = link.getAttribute("href");
    const current = hash === here || (here === "#/" && /^#\/(space|node)\//.test(hash));
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  view?.close?.();
  view = null;
  for (const [pattern, open] of ROUTES) {
    const match = pattern.exec(hash);
    if (!match) continue;
    const opened = await guarded(() => open(...match.slice(1)));
    if (opened && (location.hash || "#/") === hash) {
      view = opened;
      document.title = `${main.querySelector("h1")?.textContent ?? "Spaces"} · Emulated Cloud`;
      scrollTo(0, 0);
    }
    return;
  }
  location.replace("#/");
}

async function guarded(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LoggedOut) loggedOut();
    else show(main, el("section", { class: "card" }, el("h1", {}, "This did not work"), el("p", {}, error.message), el("a", { href: "#/" }, "To the Spaces")));
    return null;
  }
}

/** Many events are one reason to look again. */
function happened(batch, lost) {
  const connection = document.getElementById("connection");
  connection.className = batch ? "connection live" : "connection lost";
  connection.textContent = batch ? "live" : "no answer";
  if (!batch || (!batch.length && !lost)) return;
  if (lost) log.length = 0;
  log.push(...batch);
  log.splice(0, Math.max(0, log.length - LOG_MAX));
  view?.events?.(batch, lost);
  pending ??= setTimeout(async () => {
    pending = null;
    if (view?.refresh) await view.refresh().catch((error) => error instanceof LoggedOut && loggedOut());
  }, 250);
}

function logIn(problem) {
  const input = el("input", { name: "credential", type: "password", autocomplete: "current-password", required: true });
  const send = async (event) => {
    event.preventDefault();
    await enter(input.value).catch((error) => logIn(error.message));
  };
  document.title = "Log in · Emulated Cloud";
  show(main, el("section", { class: "card login" }, el("h1", {}, "Log in"),
    el("p", { class: "soft" }, "The Cloud printed the administrator's credential when it was started; with --state it is also in the file admin-token."),
    problem ? el("p", { role: "alert" }, state(problem)) : null,
    el("form", { onsubmit: send },
      // For password managers, which file it under a name.
      el("input", { type: "text", name: "username", autocomplete: "username", value: "administrator", hidden: true }), field("Credential", input), el("button", { class: "primary" }, "Log in"))));
  input.focus();
}

const state = (text) => el("strong", {}, `${text[0].toUpperCase()}${text.slice(1)}.`);

async function enter(credential) {
  await post("login", { credential });
  await started();
}

async function started() {
  document.getElementById("nav").hidden = false;
  document.getElementById("session").hidden = false;
  await go();
  if (!following) {
    following = new AbortController();
    follow(happened, loggedOut, following.signal);
  }
}

/** Nothing is asked for any more. */
function quiet() {
  following?.abort();
  following = null;
  clearTimeout(pending);
  pending = null;
  view?.close?.();
  view = null;
}

function loggedOut() {
  quiet();
  log.length = 0;
  document.getElementById("nav").hidden = true;
  document.getElementById("session").hidden = true;
  logIn();
}

document.getElementById("logout").addEventListener("click", async () => {
  // First, because what still waits would be refused.
  quiet();
  await post("logout").catch((error) => notice(error.message, true));
  loggedOut();
});
document.querySelector("[data-skip]").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => following && go());

// The address may bring the credential along, behind a # that browsers keep to themselves.
const brought = /^#([0-9A-Za-z_-]{16,})$/.exec(location.hash);
if (brought) {
  history.replaceState(null, "", "/#/");
  enter(brought[1]).catch((error) => logIn(error.message));
} else {
  const session = await fetch("/api/session").then((response) => response.json()).catch(() => ({}));
  if (session.known) await started();
  else logIn();
}
