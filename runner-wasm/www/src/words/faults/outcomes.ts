// What this device says to a fault at a step: the table that the tests of `tests/pair` pin, so that it cannot be out of date.

import table from "../../../../../tests/pair/tests/faults.txt";

export interface Outcome {
  /** How it ends if the fault strikes once. */
  readonly ends: string;
  /** Connection and stage of the first failure; null if there is none. */
  readonly leg: string | null;
  readonly stage: string | null;
  readonly cause: string | null;
  readonly next: "retry" | "stop" | "banned" | null;
}

const LINE = /^(\S+)\s+(live|online|was online|claimed|not claimed)\s+(.*)$/;
const FAILURE = /^(?:(claim|env|challenge|password|link) )?([a-z]+): (.*) \[(retry|stop|banned)\]/;

function parse(): ReadonlyMap<string, Outcome> {
  const found = new Map<string, Outcome>();
  for (const line of table.split("\n")) {
    const [, name, ends, rest] = LINE.exec(line) ?? [];
    if (!name || !ends || rest === undefined) continue;
    const [, leg, stage, cause, next] = FAILURE.exec(rest) ?? [];
    found.set(name, { ends, leg: leg ?? null, stage: stage ?? null, cause: cause ?? null, next: (next as Outcome["next"]) ?? null });
  }
  return found;
}

const OUTCOMES = parse();

/** Those of TLS are not in the table, which knows no TLS. */
const TLS: Readonly<Record<string, string>> = {
  "tls-expired": "the certificate has expired",
  "tls-not-yet-valid": "the certificate is not valid yet",
  "tls-wrong-host": "the certificate is for another host",
  "tls-unknown-ca": "no trusted root signed the certificate",
  "tls-self-signed": "no trusted root signed the certificate",
};

export function outcome(fault: string, step: string): Outcome | undefined {
  const tls = TLS[fault];
  if (tls) return { ends: "live", leg: null, stage: "tls", cause: tls, next: "retry" };
  return OUTCOMES.get(`${fault}@${step}`);
}

/** The outcome as a sentence or two. */
export function told(one: Outcome | undefined): string {
  if (!one) return "";
  const then = { retry: "It tries again by itself.", stop: "", banned: "It makes no further attempt until it is reloaded." }[one.next ?? "stop"];
  if (!one.stage) return one.ends === "live" ? "Nothing: it takes this, and is live." : `Nothing. It is ${one.ends}.`;
  if (one.next === "stop" && (one.ends === "live" || one.ends === "online")) return `A line in the log; the link stays up${one.ends === "online" ? ", and the node is not live" : ""}.`;
  return one.next === "stop" ? "It stops: only a person can help." : then;
}
