// How the device is, at a glance and in a sentence.

import type { DeviceState } from "../bridge/types";
import { leg, stageTitle, STAGES } from "../words/stages";

export interface Glance {
  readonly kind: "good" | "bad" | "wait" | "idle";
  readonly title: string;
  readonly text: string;
}

export function glance(isOn: boolean, isPlugged: boolean, state: DeviceState | null): Glance {
  if (!isOn) return { kind: "idle", title: "Off", text: "The device has no power. What is in its flash stays." };
  if (!state) return { kind: "wait", title: "Starting", text: "The firmware starts." };
  if (state.link === "online" && state.live) return { kind: "good", title: "Live", text: isPlugged ? "The link is up: this node is live in its Space." : "The cable is out, and nobody has noticed yet: a line that is quiet looks like one that is dead." };
  if (state.link === "online") return { kind: "good", title: "Online", text: "The link is up. The node introduces itself." };
  if (state.link === "banned") return { kind: "bad", title: "Banned", text: "The Cloud asked not to be called again. A reboot tries once more." };
  const { current, failure, claimedId } = state;
  if (current) {
    const isClaim = current.purpose === "claim" || (!claimedId && current.stage === "key");
    return { kind: "wait", title: isClaim ? "Claiming" : "Connecting", text: doing(current.purpose, current.stage) };
  }
  if (failure) {
    const aim = leg(failure.purpose)?.aim;
    return { kind: "bad", title: claimedId ? "Offline" : "Claim failed", text: `It fails at the step ${stageTitle(failure.stage)}${aim ? `, ${aim}` : ""}: ${failure.cause}.` };
  }
  if (!claimedId) return { kind: "idle", title: "Not claimed", text: "The device is on, and no node of any Space yet." };
  return { kind: "wait", title: "Offline", text: "It is claimed, and its link is down." };
}

/** What happens at a step. */
export function doing(purpose: string | null, stage: string): string {
  const where = leg(purpose);
  return `${where ? `${where.title}: ` : ""}${STAGES[stage]?.text ?? stageTitle(stage)}`;
}
