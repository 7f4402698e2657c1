// What a claim command says, part by part.

export interface Part {
  readonly name: string;
  readonly value: string;
  readonly help: string;
  readonly term?: string;
}

const NAMES: Readonly<Record<string, readonly [string, string, string?]>> = {
  token: ["Token", "proves that the Space wants this device", "token"],
  rooms: ["War Rooms", "where the node will be seen", "room"],
  url: ["URL", "which Cloud to ask"],
  proxy: ["Proxy", "asked for every connection", "proxy"],
  id: ["Id", "used in place of the machine GUID", "guid"],
  hostname: ["Host name", "what the node is called"],
};

/** The arguments of `aclk claim`, `netdata-claim.sh` and the device's own console; empty if it is none of them. */
export function dissect(text: string): Part[] {
  const words = text.trim().split(/\s+/).filter(Boolean);
  const found: Part[] = [];
  const add = (name: string, value: string | undefined) => {
    const known = NAMES[name];
    if (!known || !value) return;
    const [title, help, term] = known;
    found.push({ name: title, value: name === "token" ? hidden(value) : value.replace(/^["']|["']$/g, ""), help, ...(term ? { term } : {}) });
  };
  words.forEach((word, index) => {
    const [, name, value] = /^--?(?:claim-)?([a-z]+)(?:=(.*))?$/.exec(word) ?? [];
    if (name) add(name, value ?? words[index + 1]);
  });
  if (found.length || !words[0]) return found;
  const plain = words[0] === "claim" ? words.slice(1) : words;
  ["token", "rooms", "url"].forEach((name, index) => add(name, plain[index]));
  return found;
}

/** A token is a secret also on one's own screen. */
const hidden = (token: string): string => (token.length > 12 ? `${token.slice(0, 4)}…${token.slice(-4)}` : "…");
