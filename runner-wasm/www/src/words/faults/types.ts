/** What a fault does to the original agent; from this and the step follows what it says. */
export type Effect =
  | "chain" | "name"
  | "silence" | "broken" | "ends-behind" | "slow"
  | "status" | "empty" | "not-http" | "too-long" | "head" | "framing" | "interim"
  | "json" | "value" | "fine"
  | "ban" | "delay"
  | "upgrade" | "refused" | "websocket" | "mqtt" | "closed" | "ping" | "too-big" | "remote" | "ignored" | "unanswered";

/** What is known of a fault beyond its own line in the Cloud's list. */
export interface FaultWords {
  /** When somebody meets it outside a laboratory. */
  readonly like: string;
  readonly effect: Effect;
  /** What the original says, where it is not what the effect alone leads to; by step, or at all of them. */
  readonly says?: string | Readonly<Record<string, string>>;
  /** What somebody would have seen, where the effect would say something else. */
  readonly seen?: string;
  /** What to do, where it is not what the stage suggests. */
  readonly todo?: string;
}

export type FaultTable = Readonly<Record<string, FaultWords>>;
