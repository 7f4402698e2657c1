// Elements, words and dialogs. Text is always set as text: what a node says of itself never becomes markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `el("p", { class: "soft", onclick: f }, "text", child, …)`. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same in SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A label with its field in it. */
export function field(text, input, kind = "") {
  return el("label", { class: kind }, text, input);
}

export function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", { class: "facts" }, known.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

export function state(word, text = word) {
  return el("span", { class: `state ${word}` }, text);
}

/** Replaces what is in `parent`, unless somebody is busy in there. */
export function show(parent, ...children) {
  parent.replaceChildren(...children.flat().filter(Boolean));
}

export function clock(ms) {
  const date = new Date(ms);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export function moment(ms) {
  const date = new Date(ms);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(ms)}`;
}

/** A moment, as `<time>`. */
export function time(ms, text = moment(ms)) {
  return el("time", { datetime: new Date(ms).toISOString(), title: moment(ms) }, text);
}

export function ago(ms) {
  const seconds = Math.max(0, Math.round((Date.now() - ms) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d`;
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

export function notice(text, bad = false) {
  const box = el("div", { class: bad ? "notice bad" : "notice" }, text);
  const notices = document.getElementById("notices");
  while (notices.childElementCount > 2) notices.firstChild.remove();
  notices.append(box);
  setTimeout(() => box.remove(), bad ? 9000 : 4000);
}

/** Runs what a button is for: it waits meanwhile, and says what went wrong. */
export async function doing(button, work, done) {
  if (button) button.disabled = true;
  try {
    const result = await work();
    if (done) notice(done);
    return result;
  } catch (error) {
    notice(error.message, true);
    return undefined;
  } finally {
    if (button) button.disabled = false;
  }
}

/** Asks in a dialog. `fields` are labels; resolves to the form's data, or to null. */
export function ask({ title, text, fields = [], verb, danger = false }) {
  return new Promise((resolve) => {
    const form = el("form", { method: "dialog" }, fields,
      el("div", { class: "row" },
        el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
        el("button", { class: danger ? "danger" : "primary", value: "yes" }, verb)));
    const dialog = el("dialog", { "aria-label": title }, el("h2", {}, title), text ? el("p", { class: "soft" }, text) : null, form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      dialog.close("yes");
    });
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes" ? new FormData(form) : null);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    notice("Copied.");
  } catch {
    notice("The browser does not let this page copy; select the text instead.", true);
  }
}
