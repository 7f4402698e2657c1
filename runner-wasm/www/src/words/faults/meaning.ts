// Faults in what the answers say: errors with a name, JSON, and the three answers of the way in.

import { FORBIDDEN_CLAIM, REFUSES, UNKNOWN, UNKNOWN_CLAIM } from "./original";
import type { FaultTable } from "./types";

/** A row of protocol.md 1.7: what the script of v1.22 to v1.47 says, and v2. */
const claim = (message: string, exit: number, v2: string) => ({ claim: `Exit ${exit}: \`Failed to claim node with the following error message:"${message}"\`. v2: \`${v2}\`.` });
const FINE = "It is allowed: JSON can be written in many ways.";
/** The script looks for a text and reads no JSON; what the daemon's reader of JSON makes of it was not looked at. */
const AS_TEXT = { claim: FORBIDDEN_CLAIM, env: UNKNOWN, challenge: UNKNOWN, password: UNKNOWN };
/** The script does not find the key in it. */
const UNFOUND = { claim: `${UNKNOWN_CLAIM} The script reads no JSON: it looks for the text \`errorMsgKey":"\`, and it is not there.` };

export const MEANING: FaultTable = {
  "err-invalid-node-id": { like: "An id that is no UUID, such as one with capital letters or a stray character.", effect: "status", says: claim("invalid node id", 8, "Failed: the node id is invalid"), todo: "Give a UUID as the id, or none." },
  "err-invalid-node-name": { like: "A host name that is empty or has characters that the Cloud does not want.", effect: "status", says: claim("invalid node name", 9, "Failed: the node name is invalid"), todo: "Choose another host name." },
  "err-invalid-room-id": { like: "The War Room was deleted since the command was copied, or its id lost a character.", effect: "status", says: claim("invalid room id", 10, "Failed: one or more room ids are invalid"), todo: "Copy the command again." },
  "err-invalid-public-key": { like: "public.pem is damaged or belongs to a key of another kind.", effect: "status", says: claim("invalid public key", 11, "Failed: the public key is invalid"), todo: "Let the device make a new key." },
  "err-forbidden": { like: "The token has expired, was revoked, or was not copied whole.", effect: "status", says: claim("token expired/token not found/invalid token", 12, "Failed: token is expired, not found, or invalid"), todo: "Create a new token and copy the whole command." },
  "err-already-claimed": { like: "This id is a node already: a machine that was installed anew, or cloned.", effect: "status", says: claim("already claimed", 13, "Failed: agent is already claimed"), todo: "Remove the old node in the Cloud, or claim under a new id (`-id=$(uuidgen)`)." },
  "err-processing-claim": { like: "The same claim is still being worked on.", effect: "status", says: claim("processing claiming", 14, "Claiming is in progress"), todo: "Wait a moment; the device asks again." },
  "err-internal-server-error": { like: "Something broke inside the Cloud.", effect: "status", says: claim("Internal Server Error", 15, "Failed: received Internal Server Error"), todo: "Nothing on this side: the device tries again." },
  "err-gateway-timeout": { like: "A service behind the gateway did not answer in time.", effect: "status", says: claim("Gateway Timeout", 16, "Failed: Gateway Timeout"), todo: "Nothing on this side: the device tries again." },
  "err-service-unavailable": { like: "The Cloud is being updated.", effect: "status", says: claim("Service Unavailable", 17, "Failed: Netdata Cloud is unavailable"), todo: "Nothing on this side: the device tries again." },
  "err-unknown-key": { like: "The Cloud has learned an error that the agent does not know yet.", effect: "status", says: claim("Unknown HTTP error message", 7, "Failed with description 'KEY'") },
  "err-blank": { like: "The Cloud writes its JSON with blanks, as most do by default.", effect: "status", says: UNFOUND },
  "err-escapes": { like: "An attacker hopes that his words reach a terminal that obeys them.", effect: "status", says: { claim: "Exit 12, with the message of its own table: that of the Cloud is not shown without `-verbose`." } },
  "err-long": { like: "A server that sends a whole stack trace as its message.", effect: "status" },
  "err-incorrect-response": { like: "The answer to the challenge was wrong: another key than the one that was claimed with.", effect: "status", says: "Before v1.35 this comes over and over: where a challenge cannot be decrypted, the answer is sent empty (#9253, #9206). v2: `otp password response is not http/201`.", todo: "Restore the key that belongs to this id, or claim under a new one." },
  "err-duplicated-challenge": { like: "Two machines with one identity ask for a challenge at the same time.", effect: "delay", todo: "Look for a second machine with the same identity: a cloned disk, a copied volume." },
  "err-non-retryable": { like: "The node was removed or blocked in the Cloud.", effect: "ban", todo: "Settle the cause in the Cloud, then reload or restart the device." },
  "err-retry-delay": { like: "The Cloud has much to do and says when it wants to be called again.", effect: "delay", todo: "Nothing: the device waits as long as it was asked to." },
  "err-types": { like: "A change in the Cloud turns a number into a text.", effect: "status" },
  "err-incomplete": { like: "An error without the parts that name it.", effect: "status", says: "Takes no notice of the ban: without its three texts an error does not count, so it tries again and again." },

  "deep-json": { like: "An attack on programs that follow each bracket with a call of their own until their stack is full.", effect: "json", says: { env: REFUSES, password: REFUSES } },
  "half-json": { like: "The server broke off in the middle.", effect: "json" },
  "json-and-more": { like: "A box on the way adds a line of its own.", effect: "json", says: AS_TEXT },
  "invalid-utf8": { like: "Bytes that are no text: a damaged answer.", effect: "json", says: AS_TEXT },
  "byte-order-mark": { like: "An editor on Windows saved the file that the server sends.", effect: "json", says: AS_TEXT },
  "escaped-json": { like: FINE, effect: "fine", says: UNFOUND },
  "pretty-json": { like: FINE, effect: "fine", says: UNFOUND },
  "unknown-keys": { like: "The Cloud has learned something new. A client has to pass over what it does not know.", effect: "fine", says: { claim: FORBIDDEN_CLAIM } },
  "wrong-types": { like: "A change in the Cloud, or not the Cloud at all.", effect: "value" },
  "missing-keys": { like: "A change in the Cloud, or not the Cloud at all.", effect: "value" },
  "duplicate-keys": { like: "Two readers of the same text may believe different things, which attackers like.", effect: "value", says: { ...AS_TEXT, env: "Refuses the answer, if it is `authEndpoint` that is there twice. Otherwise not known." } },

  "env-encoding-json": { like: "A Cloud that still speaks the language of agents before v1.36.", effect: "value", says: "`can't connect, old protocol not supported`" },
  "env-no-proto": { like: "A Cloud that does not offer what the agent needs.", effect: "value", says: "`can't connect, protocol capability not supported`" },
  "env-only-mqttv3": { like: "A Cloud for old agents only.", effect: "value", says: "`can't connect, invalid /env transport idx`. v1.36 takes it, and speaks MQTT 5 there." },
  "env-unknown-transport": { like: "The Cloud has learned a new kind of link and names it first.", effect: "fine", says: "Crashes.", seen: "The agent ends, and its service manager starts it again, over and over." },
  "env-no-transports": { like: "A Cloud that has no link to offer at the moment.", effect: "value", says: REFUSES },
  "env-backoff": { like: "A mistyped setting in the Cloud: with a base of 0 every client would call without a pause.", effect: "value", says: REFUSES },
  "env-backoff-short": { like: "A mistyped setting in the Cloud.", effect: "value", says: REFUSES },
  "env-backoff-negative": { like: "A mistyped setting in the Cloud.", effect: "value", says: REFUSES },
  "env-no-backoff": { like: "A change in the Cloud.", effect: "value", says: REFUSES },
  "env-auth-http": { like: "Somebody wants the log-in to go over the line unencrypted.", effect: "value", says: "`can't connect, invalid /env auth url`, or a failed connection: which, is not known." },
  "env-auth-empty": { like: "A setting in the Cloud was left empty.", effect: "value", says: "`can't connect, invalid /env auth url`" },
  "env-auth-bad-url": { like: "A mistyped setting in the Cloud.", effect: "value", says: "`can't connect, invalid /env auth url`, or a failed connection, since its reader of URLs takes nearly anything: which, is not known." },
  "env-auth-twice": { like: "Two readers of the same text may believe different things.", effect: "value", says: "Refuses the answer: the member must be there once." },
  "env-endpoint-closed": { like: "The log-in works and the link does not: a firewall that lets one host through and not the other.", effect: "closed", says: "Nothing of its own: a failure between the connection and the CONNACK leaves the reason before it in place.", todo: "Let the firewall pass all hosts of the Cloud, not only the first." },
  "challenge-short": { like: "A change in the Cloud, or a damaged answer.", effect: "value", says: "`otp challenge response is invalid`. Before v1.35 any length was taken." },
  "challenge-long": { like: "A change in the Cloud, or a damaged answer.", effect: "value", says: "`otp challenge response is invalid`. Before v1.35 any length was taken." },
  "challenge-not-base64": { like: "A damaged answer.", effect: "value", says: "`otp challenge response is invalid` or `otp challenge decryption failed`: which, is not known." },
  "challenge-wrong-key": { like: "private.pem is not the key registered for this id: a volume made anew, a copied machine GUID, a restored backup.", effect: "value", says: "`otp challenge decryption failed`, and the attempt ends there. Before v1.35: an empty answer, then `ErrIncorrectResponse`, over and over (#9253, #9206).", todo: "Restore the key that belongs to this id, or claim under a new one." },
  "challenge-pkcs1": { like: "A Cloud that packs the challenge in the old way.", effect: "value", says: "`otp challenge decryption failed`" },
  "challenge-sha256": { like: "A Cloud that packs the challenge in the modern way, which no agent understands.", effect: "value", says: "`otp challenge decryption failed`" },
  "challenge-empty": { like: "A challenge with nothing inside, which proves nothing.", effect: "status", says: UNKNOWN },
  "password-200": { like: "A small change in the Cloud: OK in place of Created.", effect: "status", says: "`otp password response is not http/201`. The first implementation (up to v1.32) took any 2xx." },
  "missing-topic": { like: "A Cloud that is older or newer than the agent.", effect: "value", says: "`missing compulsory topic \"agent-connection\" in password response from cloud`, and the attempt fails." },
  "topic-without-tag": { like: "A mistyped setting in the Cloud.", effect: "value", says: "`missing compulsory topic \"agent-connection\" in password response from cloud`: a topic without the node's id counts as missing." },
  "no-topics": { like: "A Cloud that is older than agents of v1.31.", effect: "value", says: "`missing compulsory topic …`, and the attempt fails." },
  "unknown-topics": { like: "The Cloud has learned new kinds of messages.", effect: "fine" },
  "long-credentials": { like: "A Cloud that hands out a long signed text as its password.", effect: "fine", says: UNKNOWN },
  "empty-client-id": { like: "A change in the Cloud.", effect: "value", says: UNKNOWN },
};
