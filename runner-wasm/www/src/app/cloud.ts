// The administrator's API of the emulated Cloud (docs/cloud.md), as the page uses it.

import type { ApiAnswer } from "../bridge/types";
import { events, nodes, plan, setSituation, situation, spaces, tokens, world } from "./world";

export interface Room { id: string; name: string; nodes: number }
export interface Space { id: string; name: string; administrators: unknown; rooms: Room[]; nodes: number; online: number }
export interface Token { token: string; expires_ms: number | null; state: "valid" | "expired" | "revoked"; claim: string; claim_script: string }
export interface NodeSummary {
  claimed_id: string;
  hostname: string;
  space: string;
  rooms: string[];
  state: "claimed" | "online" | "offline";
  since_ms: number;
  claimed_ms: number;
  banned: boolean;
  version: string | null;
  instances: number;
  live: number;
  queryable: number;
  contexts: number;
}
export type Nodes = readonly NodeSummary[];
export interface FaultInfo { name: string; about: string; steps: string[]; value: { meaning: string; default: number } | null }
export interface PlannedFault { fault: string; about: string; struck: number }
export interface QueryAnswer { code: number; head: string; body: string; base64?: boolean; bytes: number; took_ms: number; error?: { code: number; description: string } | null }
export interface ContextInfo { id: string; title: string; units: string; family: string; chart_type: string; priority: number }

/** Asks, and throws what the Cloud says against it. */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer: ApiAnswer = await world().cloud.request(method, path, body);
  if (answer.status < 200 || answer.status > 299) throw new Error(reasonOf(answer));
  return answer.body as T;
}

function reasonOf({ status, body }: ApiAnswer): string {
  if (typeof body === "object" && body !== null && "error" in body && typeof body.error === "string") return body.error;
  return typeof body === "string" && body ? body : `the Cloud answered ${status}`;
}

/** Reads what administrators see: spaces, tokens, nodes, and the plan of faults. */
export async function refresh(): Promise<void> {
  const { spaces: found } = await ask<{ spaces: Space[] }>("GET", "/api/spaces");
  const all = new Map<string, readonly Token[]>();
  for (const { id } of found) all.set(id, (await ask<{ tokens: Token[] }>("GET", `/api/spaces/${encodeURIComponent(id)}/tokens`)).tokens);
  const { nodes: seen } = await ask<{ nodes: NodeSummary[] }>("GET", "/api/nodes");
  const { plan: planned } = await ask<{ plan: PlannedFault[] }>("GET", "/api/faults");
  tokens.set(all);
  spaces.set(found);
  nodes.set(seen);
  plan.set(planned);
  const texts = planned.map(({ fault }) => fault);
  if (texts.join() !== situation.value.faults.join()) setSituation({ ...situation.value, faults: texts });
}

/** Every fault there is; the list does not change. */
let known: Promise<FaultInfo[]> | null = null;
export function faultList(): Promise<FaultInfo[]> {
  known ??= ask<{ faults: FaultInfo[] }>("GET", "/api/faults").then(({ faults }) => faults);
  known.catch(() => (known = null));
  return known;
}

/** Replaces the plan of faults. */
export async function setPlan(faults: readonly string[]): Promise<void> {
  if (faults.length) await ask("PUT", "/api/faults", { plan: faults.join(",") });
  else await ask("DELETE", "/api/faults");
  await refresh();
}

export const query = (node: string, path: string): Promise<QueryAnswer> => ask<QueryAnswer>("POST", `/api/nodes/${encodeURIComponent(node)}/query`, { path, timeout_ms: 10_000 });

/** Reads again soon after something has happened in the Cloud, and once a few seconds as tokens expire by themselves. */
export function follow(): void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const soon = (ms: number) => {
    timer ??= setTimeout(() => {
      timer = null;
      refresh().catch(() => undefined).finally(() => soon(5_000));
    }, ms);
  };
  events.watch(() => {
    if (timer) clearTimeout(timer);
    timer = null;
    soon(120);
  });
  soon(0);
}
