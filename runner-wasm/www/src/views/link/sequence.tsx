// Who says what to whom: device, proxy, network and Cloud, from the top down.

import { useEffect, useRef } from "preact/hooks";
import { useCell } from "../../app/cell";
import { happened, settings } from "../../app/world";
import type { Happened, Purpose, StagePassed } from "../../bridge/types";
import { Card, Term } from "../../parts/basics";
import { bytes, clockMs, span } from "../../parts/time";
import { LEGS, leg } from "../../words/stages";

type Lane = "device" | "router" | "proxy" | "cloud";
interface Row {
  readonly at: number;
  readonly from: Lane;
  readonly to: Lane;
  readonly text: string;
  readonly note: string;
  readonly kind: "" | "bad" | "good" | "self";
}

const LANES: Readonly<Record<Lane, string>> = { device: "Device", router: "Router", proxy: "Proxy", cloud: "Cloud" };
const PATHS: Readonly<Record<Purpose, string>> = { claim: "PUT /api/v1/spaces/nodes/…", env: "GET /api/v1/env", challenge: "GET …/challenge", password: "POST …/password", link: "GET /mqtt, Upgrade: websocket" };
const STATUS: Readonly<Record<number, string>> = { 101: "101 Switching Protocols", 200: "200 OK", 201: "201 Created", 204: "204 No Content" };

export function Sequence() {
  const all = useCell(happened);
  const hasProxy = Boolean(useCell(settings)?.proxy) || all.some((one) => one.kind === "stage" && one.stage === "proxy");
  const lanes: readonly Lane[] = hasProxy ? ["device", "router", "proxy", "cloud"] : ["device", "router", "cloud"];
  const rows = all.flatMap(rowsOf).slice(-160);
  const end = useRef<HTMLOListElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    const list = end.current;
    if (list && follows.current) list.scrollTop = list.scrollHeight;
  }, [rows.length]);
  return (
    <Card title="Who says what" aside={<span class="soft small">from the top down, as it happens</span>}>
      <p class="small soft">
        An arrow is something that one machine says to another. Each connection has a purpose; the last one, the <Term name="aclk">link</Term>, stays.
      </p>
      <div class={`sequence lanes${lanes.length}`}>
        <div class="lane-heads" aria-hidden="true">
          <span />
          {lanes.map((lane) => (
            <span key={lane}>{LANES[lane]}</span>
          ))}
        </div>
        <ol ref={end} tabIndex={0} aria-label="Messages between the machines" onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          follows.current = scrollHeight - scrollTop - clientHeight < 30;
        }}>
          {rows.length ? null : <li class="empty">Nothing has been said yet.</li>}
          {rows.map((row, index) => (
            <Message key={`${row.at}-${index}`} row={row} lanes={lanes} />
          ))}
        </ol>
      </div>
    </Card>
  );
}

function Message({ row, lanes }: { row: Row; lanes: readonly Lane[] }) {
  const [from, to] = [lanes.indexOf(row.from), lanes.indexOf(row.to)];
  const [first, last] = [Math.min(from, to), Math.max(from, to)];
  const place = row.kind === "self" || from === to ? "self" : from < to ? "right" : "left";
  return (
    <li class={`message ${row.kind}`}>
      <time class="mono">{clockMs(row.at)}</time>
      <div class="lanes">
        <div class={`arrow ${place} f${first} t${last}`}>
          <span class="hidden">
            {LANES[row.from]} {place === "self" ? "" : `to ${LANES[row.to]}`}:{" "}
          </span>
          <span class="say">{row.text}</span>
          {row.note ? <span class="note">{row.note}</span> : null}
        </div>
      </div>
    </li>
  );
}

function rowsOf(what: Happened): Row[] {
  const row = (from: Lane, to: Lane, text: string, note = "", kind: Row["kind"] = ""): Row => ({ at: what.at, from, to, text, note, kind });
  switch (what.kind) {
    case "stage":
      return stage(what, row);
    case "answer":
      // The step that it belongs to is told behind it.
      return [
        row("device", "cloud", PATHS[what.purpose], `${leg(what.purpose)?.title ?? ""}, over HTTP`),
        row("cloud", "device", STATUS[what.status] ?? String(what.status), "", what.status >= 400 ? "bad" : ""),
      ];
    case "claimed":
      return [row("device", "device", "Claimed, and that is stored", what.proved ? "the answer had been lost; its key proved it" : "", "good")];
    case "claim-failed":
      return [row("device", "device", `The claim failed: ${what.failure.cause}`, "", "bad")];
    case "online":
      return [row("device", "device", "Online: the link is up", "", "good")];
    case "live":
      return [row("cloud", "device", "Taken for live", what.node ? `node ${what.node}` : "", "good")];
    case "offline":
      return [row("device", "device", `Offline: ${what.failure.cause}`, "", "bad")];
    case "notice":
      return [row("device", "device", what.failure.cause, "noticed, and gone on", "bad")];
  }
}

function stage(step: StagePassed, row: (from: Lane, to: Lane, text: string, note?: string, kind?: Row["kind"]) => Row): Row[] {
  const took = span(step.elapsedMs);
  const sizes = step.sent || step.received ? `${bytes(step.sent)} out, ${bytes(step.received)} in, ${took}` : took;
  const purpose = step.purpose ? LEGS.find(({ name }) => name === step.purpose)?.title : "";
  switch (step.stage) {
    case "dns":
      return [row("device", "router", "Which address has the Cloud?", purpose), row("router", "device", "That one", took)];
    case "tcp":
      return [row("device", "cloud", "TCP: connect", `${purpose} · ${took}`)];
    case "proxy":
      return [row("device", "proxy", "A tunnel to the Cloud, please"), row("proxy", "device", "Granted", took)];
    case "tls":
      return [row("device", "cloud", "TLS: ClientHello"), row("cloud", "device", "Certificate, and proof of its key", sizes)];
    case "http":
    case "websocket":
      return [];
    case "decrypt":
      return [row("device", "device", "Decrypts the challenge with its key", took, "self")];
    case "mqtt":
      return [row("device", "cloud", "CONNECT, SUBSCRIBE"), row("cloud", "device", "CONNACK, SUBACK", took)];
    case "app":
      return [row("device", "cloud", "UpdateAgentConnection: I am here", "PUBLISH"), row("cloud", "device", "PUBACK", took)];
    case "key":
      return [row("device", "device", "Has its key", took, "self")];
    default:
      return [row("device", "device", step.stage, took, "self")];
  }
}
