// Where in the page somebody is, and what the laboratory is set to: all of it is in the address, so that it can be sent to others.
//
//   #/faults/status-503?step=env&loss=5&plan=status-503@env*2
//
// The part up to `?` is the view and what is looked at in it; of the parameters some belong to the view, the others to the laboratory.

import { Cell } from "./cell";

export const VIEWS = ["administrator", "device", "link", "cloud", "faults", "scenarios", "budget", "campaign"] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  readonly view: View;
  /** What is looked at: a fault, a scenario; empty for nothing in particular. */
  readonly item: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Reads an address; what makes no sense is the first view. */
export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [name = "", item = ""] = path.split("/");
  const view = VIEWS.find((one) => one === name) ?? "administrator";
  return { view, item: decoded(item), parameters: new Map(new URLSearchParams(query)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

export function write({ view, item, parameters }: Route): string {
  // `@`, `*` and `:` are legible as they are, and allowed in a fragment.
  const query = new URLSearchParams([...parameters]).toString().replaceAll("%40", "@").replaceAll("%2A", "*").replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%2C", ",");
  return `#/${view}${item ? `/${encodeURIComponent(item)}` : ""}${query ? `?${query}` : ""}`;
}

/** Where we are. */
export const route = new Cell<Route>(parse(location.hash));

/** The parameters that say how the laboratory is set; see `situation.ts`. They go along from view to view. */
let kept: ReadonlyMap<string, string> = new Map();

/** The address of a view, with the laboratory as it is. */
export function href(view: View, item = "", own: Readonly<Record<string, string>> = {}): string {
  return write({ view, item, parameters: new Map([...Object.entries(own), ...kept]) });
}

export function go(view: View, item = "", own: Readonly<Record<string, string>> = {}): void {
  location.hash = href(view, item, own);
}

/** Changes a parameter of this view without a new entry in the history. */
export function note(name: string, value: string): void {
  const here = current();
  const parameters = new Map(here.parameters);
  if (value) parameters.set(name, value);
  else parameters.delete(name);
  replace({ ...here, parameters });
}

/** The laboratory is set like this now. */
export function keep(parameters: ReadonlyMap<string, string>, all: readonly string[]): void {
  kept = parameters;
  const here = current();
  const own = [...here.parameters].filter(([name]) => !all.includes(name));
  replace({ ...here, parameters: new Map([...own, ...parameters]) });
}

/** How long changes are collected: browsers let a page change its address only so often, and a slider moves quickly. */
const COLLECT_MS = 200;
let pending: Route | null = null;
/** The address that `pending` is a change of. Whoever has gone elsewhere meanwhile is not called back. */
let from = "";

/** The address as it will be. One that somebody has just gone to counts, even if that has not been told yet. */
const current = (): Route => (pending && location.hash === from ? pending : parse(location.hash));

function replace(next: Route): void {
  if (!pending) setTimeout(settle, COLLECT_MS);
  from = location.hash;
  pending = next;
  route.set(next);
}

function settle(): void {
  if (pending && location.hash === from && write(pending) !== from) history.replaceState(null, "", write(pending));
  pending = null;
}

addEventListener("hashchange", () => {
  pending = null;
  route.set(parse(location.hash));
});
