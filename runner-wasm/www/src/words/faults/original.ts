// What the original agent says to a fault at a step (docs/protocol.md 1.6 to 1.9, 2.3 to 2.13, 6).

import type { Effect, FaultWords } from "./types";

/** The transfer of a claim fails: curl ends with a code of its own. */
export const LOST_CLAIM = "Up to v1.30: `Failed to connect to URL, return code N`, exit 4. v1.31 to v1.47: three attempts, then exit 7, `Unknown HTTP error message`; users could not tell names, connections and TLS apart. v2: up to five attempts.";
/** There is an answer, and no key in it that the script finds. */
export const UNKNOWN_CLAIM = "v1.22 to v1.47: exit 7, `Unknown HTTP error message`, and neither the step nor the answer is shown. Before: exit 5.";
/** The claim is refused for the sake of a body, and the script reads the key in it. */
export const FORBIDDEN_CLAIM = 'Understood. The answer is a refusal, since a success has no body: exit 12, `token expired/token not found/invalid token`.';
/** The script's curl reads until the connection ends. */
export const WAITING_CLAIM = "The claiming script waits: its curl has no limit for the whole transfer (wget: 15 s). v2 gives up after 10 s.";
/** Something that has to be there is not, or is not as it has to be. */
export const REFUSES = "Refuses the answer. Which of its reasons it shows is not known.";
export const UNKNOWN = "Not known.";
const NO_REASON = "Nothing of its own: whatever goes wrong between the connection and the CONNACK leaves the reason before it in place.";
const NOTHING = "Nothing: it takes this.";

const IN_LOGIN: Partial<Record<string, string>> = {
  env: "`/env response code is not 200`",
  challenge: "`otp challenge response is not http/200`",
  password: "`otp password response is not http/201`",
};
const NO_JSON: Partial<Record<string, string>> = {
  env: "`/env response is not JSON`",
  challenge: "`otp challenge response is invalid`",
  password: "`otp password response is not JSON`",
};
const EMPTY: Partial<Record<string, string>> = {
  env: "`/env response is empty`",
  challenge: "`otp challenge response is invalid`",
  password: "`otp password response is empty`",
};

/** A failure of the HTTPS client, which has words for it only on its three requests. */
const request = (claim: string, reason: string) => (step: string) => (step === "claim" ? claim : step === "upgrade" ? NO_REASON : reason);

const SAYS: Readonly<Record<Effect, (step: string) => string>> = {
  chain: () => "On `/env`, challenge and password: `SSL_connect() failed`, and not what it dislikes. On the link: no reason of its own. A claim of v1.31 to v1.47: exit 7, `Unknown HTTP error message`; up to v1.30 exit 4.",
  name: () => "Nothing on `/env`, challenge and password: from v1.33 on, when the first implementation was gone, no version compares the name there. A claim does; the link does from v2.11 on.",
  silence: (step) => {
    if (step === "claim") return WAITING_CLAIM;
    if (IN_LOGIN[step]) return "`https client timeout`, after 30 s.";
    if (step === "upgrade" || step === "connect") return NO_REASON + " v2.10.4 was seen to wait here for minutes.";
    return "Nothing, until a ping goes unanswered: `disconnected, ping timed out` from v2.0 on.";
  },
  broken: (step) => {
    if (step === "claim") return LOST_CLAIM;
    if (IN_LOGIN[step]) return "The request fails: `https client read error`, or another of its words for that. Which is not known.";
    if (step === "upgrade" || step === "connect") return NO_REASON;
    return "`disconnected, closed by remote end`, or `disconnected, socket error`.";
  },
  "ends-behind": request(NOTHING, "`https client read error`: from v1.42 on a complete answer is thrown away if the end of the connection comes with it."),
  slow: request("Nothing, if all of it arrives in time: v2 has 10 s for a claim, the script's curl no limit.", "Nothing, if all of it arrives within 30 s."),
  status: (step) => (step === "claim" ? `${UNKNOWN_CLAIM} v2: \`Failed with response code N\`.` : (IN_LOGIN[step] ?? NO_REASON)),
  empty: (step) => (step === "claim" ? `${UNKNOWN_CLAIM} Only 204 is a success.` : step === "password" ? "`otp password response is not http/201`" : (EMPTY[step] ?? NO_REASON)),
  "not-http": request(LOST_CLAIM, "`https client parsing of response failed`"),
  "too-long": request(UNKNOWN_CLAIM, "Waits until its 30 s are over, then `https client timeout`: the end of the head and the body have to fit 16 KiB."),
  head: request(LOST_CLAIM, "`https client parsing of response failed`"),
  framing: request(LOST_CLAIM, "`https client parsing of response failed`, `https client read error` or `https client timeout`: which of them is not known."),
  interim: request("Nothing from v1.30 on: the last status counts. Before, every line with `HTTP` in it did, so that a success was taken for a failure, as behind a proxy (#10607).", "Takes the first answer for the last one: it does not know that there can be several. So the status is not the one it wants."),
  json: (step) => (step === "claim" ? UNKNOWN_CLAIM : (NO_JSON[step] ?? NO_REASON)),
  value: (step) => (step === "claim" ? UNKNOWN_CLAIM : step === "challenge" ? "`otp challenge response is invalid`" : IN_LOGIN[step] ? REFUSES : UNKNOWN),
  fine: () => NOTHING,
  ban: (step) => `Makes no more attempts, looks again every 60 s whether the ban is lifted, and says \`Banned By Cloud: Yes\` in \`aclk-state\`; v2 also \`agent is blocked\`.${step === "env" ? " At /env only from v2.0 on." : ""}`,
  delay: (step) => `${IN_LOGIN[step] ?? "Nothing of its own"}. The next attempt comes after the time that the Cloud asks for.`,
  upgrade: () => NO_REASON,
  refused: () => NO_REASON + " The first implementation (up to v1.32) takes a refusal for a success, and calls the broker in a loop.",
  websocket: (step) => (step === "connect" ? NO_REASON : "`disconnected, WebSockets protocol error`"),
  mqtt: (step) => (step === "connect" ? NO_REASON : "`disconnected, MQTT protocol error`"),
  closed: (step) => (step === "connect" ? NO_REASON : "`disconnected, closed by remote end`; before v2: `Connection Error or Dropped`."),
  ping: () => "`disconnected, ping timed out`, 60 s after the ping. Before v2.0 nobody waits for the answer to a ping.",
  "too-big": (step) => (step === "connect" ? NO_REASON : "v2.11: `disconnected, message too big`, beyond 16 MiB. Earlier ones have room for 128 KiB; what they say is not known."),
  remote: () => "`disconnected, due to remote request`",
  ignored: () => "Nothing.",
  unanswered: () => "Nothing.",
};

/** What the original says. Parts between backticks are its own words. */
export function original(words: FaultWords, step: string): string {
  const own = typeof words.says === "string" ? words.says : words.says?.[step];
  return own ?? SAYS[words.effect](step);
}

const QUIET: ReadonlySet<Effect> = new Set(["fine", "ignored", "slow"]);

/** What somebody would have seen who sat in front of the original. */
export function seen(words: FaultWords, step: string): string {
  if (words.seen) return words.seen;
  // The script takes much that the daemon does not, and the reverse: where it says nothing, the claim goes through.
  const isQuiet = step === "claim" ? original(words, step).startsWith("Nothing") : QUIET.has(words.effect);
  if (isQuiet) return step === "claim" || step === "tls" ? "Nothing: the claim goes through." : "Nothing out of the ordinary: the node is online.";
  if (words.effect === "ban") return "The node is offline in its Space and stays so. `aclk-state` knows of a ban; the Cloud's page does not say why.";
  if (words.effect === "unanswered") return "The node is online, and some charts stay empty or come late.";
  if (words.effect === "name") return "Nothing, for years: the log-in was made with whoever had a good certificate for any other name.";
  if (step === "claim") return "The claim command ends without success, in the terminal or in the log of a container that starts again and again.";
  if (step === "tls") return "A claim fails without a reason, or the node is offline in its Space. The clock and the certificate are the last things one thinks of.";
  if (step === "env" || step === "challenge" || step === "password" || step === "upgrade" || step === "connect") return "The node stays offline in its Space. `aclk-state` says `Online: No` and not why, in no version.";
  return "The node goes offline in its Space and comes back some time later, perhaps again and again.";
}
