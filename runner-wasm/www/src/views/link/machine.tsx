// The state machine of the device, drawn live.

import { useCell, useTick } from "../../app/cell";
import { glance } from "../../app/glance";
import { passed, plugged, power, state } from "../../app/world";
import type { DeviceState } from "../../bridge/types";
import { Card, Term } from "../../parts/basics";
import { useNarrow } from "../../parts/narrow";
import { span } from "../../parts/time";
import { stageTitle } from "../../words/stages";

type Name = "off" | "unclaimed" | "claim" | "env" | "challenge" | "password" | "link" | "live" | "waiting" | "banned" | "stopped";
interface Place { readonly title: string; readonly text: string; readonly wide: readonly [number, number]; readonly tall: readonly [number, number] }

const PLACES: Readonly<Record<Name, Place>> = {
  off: { title: "Off", text: "no power", wide: [58, 52], tall: [88, 34] },
  unclaimed: { title: "Not claimed", text: "waits for a token", wide: [184, 52], tall: [88, 106] },
  claim: { title: "Claim", text: "becomes a node", wide: [310, 52], tall: [88, 178] },
  env: { title: "Find", text: "where to go", wide: [436, 52], tall: [88, 250] },
  challenge: { title: "Prove", text: "who it is", wide: [562, 52], tall: [88, 322] },
  password: { title: "Log in", text: "gets credentials", wide: [688, 52], tall: [88, 394] },
  link: { title: "Link", text: "opens the line", wide: [814, 52], tall: [88, 466] },
  live: { title: "Live", text: "seen in the Cloud", wide: [940, 52], tall: [88, 538] },
  waiting: { title: "Waiting", text: "back-off", wide: [562, 168], tall: [256, 322] },
  banned: { title: "Banned", text: "by the Cloud", wide: [814, 168], tall: [256, 466] },
  stopped: { title: "Stopped", text: "needs a person", wide: [310, 168], tall: [256, 178] },
};
const NAMES = Object.keys(PLACES) as Name[];
const EDGES: readonly (readonly [Name, Name, string])[] = [
  ["off", "unclaimed", ""], ["unclaimed", "claim", ""], ["claim", "env", ""], ["env", "challenge", ""], ["challenge", "password", ""], ["password", "link", ""], ["link", "live", ""],
  ["env", "waiting", "fails"], ["challenge", "waiting", "fails"], ["password", "waiting", "fails"], ["link", "waiting", "breaks"], ["live", "waiting", "breaks"], ["waiting", "env", "again"], ["link", "banned", "ban"], ["claim", "stopped", "refused"],
];
const [W, H] = [112, 56];

export function Machine() {
  const isOn = useCell(power);
  const isPlugged = useCell(plugged);
  const now = useCell(state);
  const done = useCell(passed);
  const active = where(isOn, now);
  useTick(isOn ? 200 : null);
  const timer = timerOf(now);
  // On a phone the diagram stands upright.
  const isTall = useNarrow();
  const [width, height] = isTall ? [340, 580] : [1_000, 210];
  const seen = glance(isOn, isPlugged, now);
  const at = (name: Name) => PLACES[name][isTall ? "tall" : "wide"];
  const order: readonly Name[] = ["off", "unclaimed", "claim", "env", "challenge", "password", "link", "live"];
  const reached = order.indexOf(active);
  const isPassed = (name: Name) => (reached >= 0 ? order.indexOf(name) >= 0 && order.indexOf(name) < reached : done.some(({ purpose }) => purpose === name) && active !== name);
  return (
    <Card title="Where it is" aside={<span class="soft small">a retry begins at Find, after a <Term name="backoff">pause</Term></span>}>
      <svg class="machine" viewBox={`0 0 ${width} ${height}`} role="img" aria-labelledby="machine-title machine-text">
        <title id="machine-title">State machine of the device</title>
        <desc id="machine-text">{`The states are ${order.map((name) => PLACES[name].title).join(", then ")}. What fails on the way leads to Waiting, and from there back to Find. The Cloud can lead it to Banned, a refused claim to Stopped. Now: ${PLACES[active].title}. ${seen.text}`}</desc>
        <defs>
          {["", "on"].map((kind) => (
            <marker key={kind} id={`tip${kind}`} class={`arrow-tip ${kind}`} viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="11" markerHeight="11" orient="auto-start-reverse">
              <path d="M0 0L8 4L0 8Z" />
            </marker>
          ))}
        </defs>
        {EDGES.map(([from, to, label]) => {
          const isOnWay = (isPassed(from) && (isPassed(to) || to === active)) || (active === "waiting" && from === "waiting");
          return <Edge key={`${from}-${to}`} from={at(from)} to={at(to)} label={label} isOn={isOnWay} isTall={isTall} />;
        })}
        {NAMES.map((name) => {
          const [x, y] = at(name);
          const kind = name === active ? `here ${seen.kind}` : isPassed(name) ? "passed" : "";
          return (
            <g key={name} class={`state ${kind}`} data-state={name}>
              <rect x={x - W / 2} y={y - H / 2} width={W} height={H} rx="10" />
              <text x={x} y={y - 3} class="title">{PLACES[name].title}</text>
              <text x={x} y={y + 15} class="sub">{name === active && timer ? timer : PLACES[name].text}</text>
            </g>
          );
        })}
      </svg>
      <p class="caption" aria-live="polite">
        <strong>{PLACES[active].title}.</strong> {seen.text.replace(`${PLACES[active].title}: `, "")}
      </p>
    </Card>
  );
}

function where(isOn: boolean, now: DeviceState | null): Name {
  if (!isOn || !now) return "off";
  if (now.link === "online") return now.live ? "live" : "link";
  if (now.link === "banned" || now.failure?.next === "banned") return "banned";
  if (now.current) return now.current.purpose ?? (now.claimedId ? "env" : "claim");
  if (now.failure) return now.failure.next === "stop" && now.nextAttempt === null ? "stopped" : "waiting";
  return now.claimedId ? "env" : "unclaimed";
}

/** What is counted in the box where it is. */
function timerOf(now: DeviceState | null): string {
  if (!now) return "";
  if (now.current && now.link !== "online") return `${stageTitle(now.current.stage)} · ${span(Date.now() - now.current.since)}`;
  if (now.link === "online") return `for ${span(Date.now() - now.since)}`;
  if (now.nextAttempt !== null) return now.nextAttempt > Date.now() ? `again in ${span(now.nextAttempt - Date.now())}` : "now";
  return "";
}

function Edge({ from: [x1, y1], to: [x2, y2], label, isOn, isTall }: { from: readonly [number, number]; to: readonly [number, number]; label: string; isOn: boolean; isTall: boolean }) {
  const along = isTall ? x1 === x2 : y1 === y2;
  let path: string;
  if (along) path = isTall ? `M${x1} ${y1 + H / 2}V${y2 - H / 2 - 2}` : `M${x1 + W / 2} ${y1}H${x2 - W / 2 - 2}`;
  else if (isTall) path = side(x1 < x2 ? [x1 + W / 2, y1] : [x1 - W / 2, y1 - 14], x1 < x2 ? [x2 - W / 2 - 2, y2 + (y1 < y2 ? -10 : y1 > y2 ? 10 : 0)] : [x2 + W / 2 + 2, y2 + 12], true);
  else path = side(y1 < y2 ? [x1, y1 + H / 2] : [x1 - W / 2 + 12, y1 - H / 2], y1 < y2 ? [x2 + (x1 < x2 ? -28 : x1 > x2 ? 28 : 0), y2 - H / 2 - 2] : [x2 + 20, y2 + H / 2 + 2], false);
  const isLabelled = label && label !== "fails" && label !== "breaks";
  return (
    <g class={`edge ${isOn ? "on" : ""} ${along ? "" : "off-way"}`}>
      <path d={path} marker-end={`url(#tip${isOn ? "on" : ""})`} />
      {isLabelled && !isTall ? <text x={label === "again" ? (x1 + x2) / 2 - 58 : x1 + 8} y={label === "again" ? (y1 + y2) / 2 + 24 : (y1 + y2) / 2 + 4}>{label}</text> : null}
    </g>
  );
}

/** A gentle curve from one side of the diagram to the other. */
function side([x1, y1]: readonly [number, number], [x2, y2]: readonly [number, number], isTall: boolean): string {
  return isTall ? `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}` : `M${x1} ${y1}C${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2} ${x2} ${y2}`;
}

