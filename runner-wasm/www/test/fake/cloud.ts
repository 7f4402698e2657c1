// As much of the administrator's API as the page asks for.

import list from "../../../../tests/cloud/src/fault/list.rs";
import type { ApiAnswer, CloudEvent } from "../../src/bridge/types";

interface FakeToken { token: string; expires_ms: number | null; state: "valid" | "revoked"; claim: string; claim_script: string }
interface FakeNode { [member: string]: unknown; claimed_id: string; hostname: string; state: string; banned: boolean }

const SETS: Readonly<Record<string, string[]>> = { EVERY: ["claim", "env", "challenge", "password", "upgrade", "connect", "subscribe", "announce", "online"], HTTP: ["claim", "env", "challenge", "password", "upgrade"], BODY: ["claim", "env", "challenge", "password"], LOGIN: ["env", "challenge", "password"], LINK: ["connect", "subscribe", "announce", "online"], PING: ["connect", "announce", "online"], LIVE: ["announce", "online"] };
const FAULTS = [...list.matchAll(/^ {4}"([^"]+)", (\S+|&\[.*?\]), .*?\), "((?:[^"\\]|\\.)*)"(?:, value "([^"]+)" (\d+))?;/gm)].map(([, name = "", steps = "", about = "", meaning, value]) => ({ name, about, steps: SETS[steps] ?? [...steps.matchAll(/Step::(\w+)/g)].map(([, step = ""]) => step.toLowerCase()), value: meaning ? { meaning, default: Number(value) } : null }));
const STEP: Readonly<Record<string, string>> = { "link websocket": "upgrade", "link mqtt": "connect", "link app": "online" };

export class FakeCloud {
  readonly #tell: (event: CloudEvent) => void;
  readonly #rooms = [{ id: "room-all", name: "All nodes" }, { id: "room-2", name: "Kitchen" }];
  readonly #spaces = [{ id: "space-1", name: "Demo Space" }];
  #tokens: FakeToken[] = [];
  #nodes: FakeNode[] = [];
  #plan: { fault: string; about: string; struck: number }[] = [];
  #number = 0;

  constructor(tell: (event: CloudEvent) => void) {
    this.#tell = tell;
    this.#token();
  }

  takes = (token: string): boolean => this.#tokens.some((one) => one.token === token && one.state === "valid");

  strikes(purpose: string, stage: string): string | null {
    const step = stage === "tls" ? "tls" : (STEP[`${purpose} ${stage}`] ?? (stage === "http" ? purpose : ""));
    const one = this.#plan.find(({ fault, struck }) => (/@(\w+)/.exec(fault)?.[1] ?? "tls") === step && struck < Number(/\*(\d+)/.exec(fault)?.[1] ?? 1e9));
    if (one) one.struck += 1;
    if (one) this.#event("fault", `fault ${one.fault}`);
    return one?.fault ?? null;
  }

  claim(id: string, hostname: string): void {
    const now = Date.now();
    this.#nodes = [{ claimed_id: id, hostname, space: "space-1", rooms: ["room-all"], state: "claimed", since_ms: now, claimed_ms: now, banned: false, version: "v0.1.0", instances: 1, live: 1, queryable: 1, contexts: 6 }];
    this.#event("claimed", `claimed "${hostname}" into All nodes`);
  }

  online = (): void => this.#turn("online");
  offline = (): void => this.#turn("offline");

  remove(): void {
    this.#nodes = [];
    this.#event("removed", "unclaimed: no longer a node of its Space");
  }

  request(method: string, path: string, body: unknown): ApiAnswer {
    const said = (answer: unknown): ApiAnswer => ({ status: 200, body: answer });
    const given = (body ?? {}) as Record<string, string>;
    const route = `${method} ${path.replace(/(spaces|nodes)\/[^/]+/, "$1/ID")}`;
    switch (route) {
      case "GET /api/spaces":
        return said({ spaces: this.#spaces.map((space) => ({ ...space, administrators: [], rooms: this.#rooms.map((room) => ({ ...room, nodes: room.id === "room-all" ? this.#nodes.length : 0 })), nodes: this.#nodes.length, online: this.#nodes.filter(({ state }) => state === "online").length })) });
      case "GET /api/spaces/ID/tokens":
        return said({ tokens: this.#tokens });
      case "POST /api/spaces/ID/tokens":
        this.#token();
        return said({});
      case "POST /api/spaces/ID/rooms":
        this.#rooms.push({ id: `room-${this.#rooms.length}`, name: given["name"] ?? "" });
        return said({ id: "room" });
      case "POST /api/tokens/revoke":
        this.#tokens = this.#tokens.map((one) => (one.token === given["token"] ? { ...one, state: "revoked" } : one));
        return { status: 204, body: null };
      case "GET /api/nodes":
        return said({ nodes: this.#nodes });
      case "POST /api/nodes/ID/query":
        return this.#query(given["path"] ?? "");
      case "POST /api/nodes/ID/ban":
      case "POST /api/nodes/ID/unban":
        this.#nodes = this.#nodes.map((node) => ({ ...node, banned: route.endsWith("/ban") }));
        return { status: 204, body: null };
      case "DELETE /api/nodes/ID":
        this.#nodes = [];
        return { status: 204, body: null };
      case "GET /api/faults":
        return said({ faults: FAULTS, plan: this.#plan });
      case "PUT /api/faults":
        this.#plan = (given["plan"] ?? "").split(",").map((fault) => ({ fault, about: FAULTS.find(({ name }) => name === fault.split(/[@=*]/)[0])?.about ?? "", struck: 0 }));
        return { status: 204, body: null };
      case "DELETE /api/faults":
        this.#plan = [];
        return { status: 204, body: null };
      default:
        return { status: 204, body: null };
    }
  }

  #query(path: string): ApiAnswer {
    if (!this.#nodes.some(({ state }) => state === "online")) return { status: 409, body: { error: "the node has no link" } };
    const charts = Object.fromEntries([["system.load", "Load", "load", "line"], ["net.traffic", "Traffic", "kilobits/s", "area"], ["aclk.memory", "Memory of the application", "KiB", "stacked"]].map(([id, title, units, chart_type], priority) => [id, { id, title: `${title} (${id})`, units, chart_type, priority }]));
    const now = Math.floor(Date.now() / 1_000);
    const data = Array.from({ length: 60 }, (_, index) => [now - index, 2 + Math.sin((now - index) / 9), 3 + Math.cos((now - index) / 6)]);
    const answer = path.includes("/data") ? { labels: ["time", "one", "two"], data } : path.includes("/charts") ? { charts } : { version: "v0.1.0", "cloud-available": true };
    return { status: 200, body: { code: 200, head: "", body: JSON.stringify(answer), bytes: 900, took_ms: 14 } };
  }

  #token(): void {
    const token = Array.from({ length: 135 }, (_, index) => "abcdefghijklmnopqrstuvwxyz0123456789"[(index * 7 + this.#tokens.length * 11) % 36]).join("");
    const rest = `-token=${token} -rooms=room-all -url=https://cloud.test`;
    this.#tokens = [{ token, expires_ms: null, state: "valid", claim: `aclk claim ${rest}`, claim_script: `netdata-claim.sh ${rest}` }, ...this.#tokens];
  }

  #turn(state: string): void {
    if (!this.#nodes.length) return;
    this.#nodes = this.#nodes.map((node) => ({ ...node, state, since_ms: Date.now() }));
    this.#event(state, `node ${this.#nodes[0]?.claimed_id} ${state}`);
  }

  #event(event: string, text: string): void {
    this.#tell({ number: ++this.#number, at_ms: Date.now(), event, text, connection: null, node: null, hostname: null });
  }
}
