// Every named fault of the emulated Cloud, explained.

import { CONNECTION } from "./connection";
import { HTTP } from "./http";
import { LINK } from "./link";
import { MEANING } from "./meaning";
import type { FaultWords } from "./types";

export { original, seen } from "./original";
export { outcome, told } from "./outcomes";
export type { FaultWords } from "./types";

export interface Group {
  readonly name: string;
  readonly title: string;
  readonly text: string;
}

export const GROUPS: readonly Group[] = [
  { name: "connection", title: "Connection", text: "certificates, silence, lines that break" },
  { name: "http", title: "HTTP", text: "the form of answers" },
  { name: "meaning", title: "Answers", text: "what the answers say" },
  { name: "link", title: "Link", text: "WebSocket, MQTT, messages" },
];

const TABLES = { connection: CONNECTION, http: HTTP, meaning: MEANING, link: LINK } as const;

export function groupOf(fault: string): string {
  return Object.entries(TABLES).find(([, table]) => fault in table)?.[0] ?? "link";
}

/** What is known of a fault, or of one that is newer than this page. */
export function faultWords(fault: string): FaultWords {
  for (const table of Object.values(TABLES)) {
    const words = table[fault];
    if (words) return words;
  }
  return { like: "", effect: "ignored", says: "Not known." };
}
