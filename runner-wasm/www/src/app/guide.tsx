// The way for the first visit: three steps, and what to try afterwards.

import { Cell, useCell } from "./cell";
import { href, route } from "./route";
import { nodes, state } from "./world";
import { Mark } from "../parts/basics";

/** The claim command that was chosen last, to be pasted into the device. */
export const command = new Cell("");

const DONE = "playground.guide";
const isClosed = new Cell(remembered());

export function Guide() {
  const now = useCell(state);
  const isClaimed = Boolean(now?.claimedId) || useCell(nodes).length > 0;
  const isLive = Boolean(now?.live);
  const hasCommand = useCell(command) !== "" || isClaimed;
  const { view: shown } = useCell(route);
  if (useCell(isClosed)) return null;
  if (isLive) return <After />;
  const at = !hasCommand ? 1 : !isClaimed ? 2 : 3;
  const step = (number: number, title: string, text: string, view: "administrator" | "device" | "link", verb: string) => (
    <li class={at === number ? "here" : at > number ? "over" : ""} aria-current={at === number ? "step" : undefined}>
      <span class="number" aria-hidden="true">{at > number ? <Mark kind="done" /> : number}</span>
      <div>
        <strong>{title}</strong>
        <p class="small soft">{text}</p>
      </div>
      {at === number && shown !== view ? <a class="button primary small" href={href(view)}>{verb}</a> : null}
    </li>
  );
  return (
    <ol class="guide" aria-label="Claim your first device">
      {step(1, "Create a token", "It lets a device into your Space. You get a command with it.", "administrator", "Show me")}
      {step(2, "Paste the command", "Into the console of the device: it makes a key and claims itself.", "device", "To the device")}
      {step(3, "Watch it come online", "Step by step, down to every byte on the cable.", "link", "Watch")}
    </ol>
  );
}

function After() {
  return (
    <section class="guide after" aria-label="What to try next">
      <Mark kind="done" />
      <p class="grow">
        <strong>Your device is live.</strong> Look at its <a href={href("cloud")}>charts</a>, see <a href={href("link")}>how it got there</a>, or break something: pull the cable, plan a <a href={href("faults")}>fault</a>, play a <a href={href("scenarios")}>story</a>.
      </p>
      <button type="button" class="quiet small" onClick={close}>
        Hide
      </button>
    </section>
  );
}

function close(): void {
  isClosed.set(true);
  try {
    localStorage.setItem(DONE, "closed");
  } catch {
    // It comes again with the next visit.
  }
}

function remembered(): boolean {
  try {
    return localStorage.getItem(DONE) === "closed";
  } catch {
    return false;
  }
}
