// How the laboratory is set, as parameters of the address.

import { GOOD_NETWORK, PERFECT_CABLE, type CableConditions, type DeviceSettings, type NetworkSettings } from "../bridge/types";

/** Everything that can be set before a device is switched on. */
export interface Situation {
  readonly device: Partial<DeviceSettings>;
  readonly cable: CableConditions;
  readonly network: NetworkSettings;
  /** The plan of faults, as `aclk cloud --fault` takes them. */
  readonly faults: readonly string[];
}

export const CALM: Situation = { device: {}, cable: PERFECT_CABLE, network: GOOD_NETWORK, faults: [] };

const CABLE: Readonly<Record<string, keyof CableConditions>> = {
  latency: "latencyMs", jitter: "jitterMs", loss: "lossPercent", reorder: "reorderPercent", duplicate: "duplicatePercent", flip: "flipPercent", bandwidth: "bandwidth", dice: "seed",
};
/** The engine takes no more than this (`runner-wasm/src/world/settings.rs`, `input.rs`). */
const most = (member: string): number => (member.endsWith("Percent") ? 100 : member.endsWith("Ms") ? 60_000 : 1e12);
const CENTURY = 3.2e9;
const DHCP = ["silent", "nak", "offer-only", "exhausted"] as const;
const DNS = ["silent", "server-failure", "no-such-name", "refused"] as const;
const TIME = ["silent", "kiss-of-death", "unsynchronised"] as const;

/** All parameters that belong to the laboratory. */
export const PARAMETERS: readonly string[] = [...Object.keys(CABLE), "host", "proxy", "key", "clock", "dhcp", "dns", "time", "direct", "via", "plan"];

export function read(parameters: ReadonlyMap<string, string>): Situation {
  const cable = { ...PERFECT_CABLE };
  for (const [name, member] of Object.entries(CABLE)) {
    const value = number(parameters.get(name));
    if (value !== null && value >= 0) cable[member] = member === "seed" ? Math.trunc(Math.min(value, Number.MAX_SAFE_INTEGER)) : Math.min(value, most(member));
  }
  const device: Partial<DeviceSettings> = {};
  const [host, proxy, key, clock] = ["host", "proxy", "key", "clock"].map((name) => parameters.get(name));
  if (host) device.hostname = host;
  if (proxy && isProxy(proxy)) device.proxy = proxy;
  if (key === "injected" || key === "generate") device.key = key;
  if (clock !== undefined) device.clock = off(clock);
  const time = parameters.get("time");
  const network: NetworkSettings = {
    dhcp: one(DHCP, parameters.get("dhcp")),
    dns: one(DNS, parameters.get("dns")),
    time: one(TIME, time) ?? off(time),
    direct: parameters.get("direct") !== "no",
    proxy: readProxy(parameters.get("via")),
  };
  return { device, cable, network, faults: (parameters.get("plan") ?? "").split(/[,\s]+/).filter(Boolean) };
}

/** The parameters of what is not as it is by default. */
export function parametersOf({ device, cable, network, faults }: Situation): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, member] of Object.entries(CABLE)) if (cable[member] !== PERFECT_CABLE[member]) found.set(name, String(cable[member]));
  if (device.hostname) found.set("host", device.hostname);
  if (device.proxy) found.set("proxy", device.proxy);
  if (device.key && device.key !== "injected") found.set("key", device.key);
  if (device.clock !== undefined && device.clock !== null) found.set("clock", String(device.clock));
  for (const name of ["dhcp", "dns", "time"] as const) if (network[name] !== null) found.set(name, String(network[name]));
  if (!network.direct) found.set("direct", "no");
  if (network.proxy) found.set("via", [network.proxy.kind, network.proxy.user, network.proxy.password, network.proxy.fault ?? ""].map(encodeURIComponent).join(":"));
  if (faults.length) found.set("plan", faults.join(","));
  return found;
}

/** Whether a device takes this as its proxy; the rest of it is looked at by the device itself. */
export const isProxy = (text: string): boolean => /^(http|socks5h?):\/\/(\S*@)?(\[[0-9a-f:.]+\]|[^\s/@:?#[\]"']+)(:\d{1,5})?\/?$/i.test(text);

/** `KIND:USER:PASSWORD:FAULT`. */
function readProxy(text: string | undefined): NetworkSettings["proxy"] {
  const [kind, user = "", password = "", fault = ""] = (text ?? "").split(":").map(unescaped);
  return kind === "http" || kind === "socks5" ? { kind, user, password, fault: fault || null } : null;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function number(text: string | undefined): number | null {
  const value = text === undefined || text === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

/** Seconds by which a clock is wrong. */
function off(text: string | undefined): number | null {
  const seconds = number(text);
  return seconds === null ? null : Math.max(-CENTURY, Math.min(CENTURY, seconds));
}

function one<T extends string>(words: readonly T[], text: string | undefined): T | null {
  return words.find((word) => word === text) ?? null;
}
