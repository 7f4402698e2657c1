// Faults in the form of HTTP answers.

import { FORBIDDEN_CLAIM, LOST_CLAIM, UNKNOWN, UNKNOWN_CLAIM, WAITING_CLAIM } from "./original";
import type { FaultTable } from "./types";

const LOST = "A server, or something in front of it, that loses count of what it sends.";
const TAKEN = "Nothing: curl takes it.";
const LONG = "Not known: a header's value has to be shorter than 1024 bytes.";
const ALLOWED = "It is allowed, and most clients take it.";

export const HTTP: FaultTable = {
  "status-400": { like: "Something on the way dislikes the request, such as a filter of web applications.", effect: "status" },
  "status-401": { like: "A gateway in front of the server wants a log-in of its own.", effect: "status" },
  "status-403": { like: "A filter, a country block or an address list refuses the device.", effect: "status" },
  "status-404": { like: "The URL leads to some other web server, or has one word too many.", effect: "status", todo: "Compare the URL with the claim command of the Cloud." },
  "status-408": { like: "The request arrived so slowly that the server gave up.", effect: "status" },
  "status-409": { like: "Two requests about the same thing came at once.", effect: "status" },
  "status-422": { like: "The server understands the request and can do nothing with its content.", effect: "status", says: { claim: `${UNKNOWN_CLAIM} v2 shows the key of a 422, and here is none: what it says is not known.` } },
  "status-429": { like: "Too many calls: a second agent with the same id, or a whole fleet behind one address.", effect: "status", says: { env: "`/env response code is not 200`. Thousands of such requests were reported (#13430): before v2.4 the back-off overflows after some 62 attempts, and then there are no pauses, which fits." }, todo: "Wait. If it stays, look for a second machine with the same identity." },
  "status-500": { like: "Something broke inside the Cloud.", effect: "status", todo: "Nothing on this side: the device tries again." },
  "status-502": { like: "The gateway of the Cloud is up and the service behind it is not.", effect: "status", todo: "Nothing on this side: the device tries again." },
  "status-503": { like: "The Cloud is being updated, or has too much to do.", effect: "status", todo: "Nothing on this side: the device tries again." },
  "status-504": { like: "The service behind the gateway did not answer in time.", effect: "status", todo: "Nothing on this side: the device tries again." },
  "empty-200": { like: "A health page or a badly set up proxy answers everything with an empty OK.", effect: "empty" },
  "plain-200": { like: "Another web server answers at this address.", effect: "json", says: { claim: `${UNKNOWN_CLAIM} Only 204 is a success. v2: \`Failed with response code 200\`.`, password: "`otp password response is not http/201`" }, todo: "Check the URL and its port." },
  "redirect-301": { like: "The service has moved, or a network redirects everybody to its log-in page.", effect: "status", says: { claim: `${UNKNOWN_CLAIM} Whether v2 follows is not known.` }, todo: "Use the address that it redirects to, if that is a Netdata Cloud; otherwise log in to the network." },
  "html-body": { like: "A captive portal: the log-in page of a hotel, train or café answers for every server.", effect: "json", says: { claim: `${UNKNOWN_CLAIM} The page itself is shown only with \`-verbose\`.` }, todo: "Log in to the network with a browser, or take another network." },
  "http-1.0": { like: "An old proxy or server.", effect: "head", says: { claim: "Nothing: the script looks at the second word of the line only." } },
  "no-reason": { like: "Servers that save bytes leave the words behind the number away. " + ALLOWED, effect: "fine" },
  "no-blank": { like: "The same, and the blank in front of the words is gone too.", effect: "head", says: { claim: "v1.22 to v1.47: exit 7; before, exit 5: the script reads `204` with a stray end of line behind it, which is not its 204 (observed)." } },
  "not-http": { like: "Another service listens at that port.", effect: "not-http", todo: "Check host and port of the URL." },
  "headers-1mb": { like: "A server gone mad, or one that tries to fill the memory of its clients.", effect: "too-long", says: { claim: LOST_CLAIM, env: LONG, challenge: LONG, password: LONG } },
  "header-flood": { like: "The same, with many lines in place of one long one.", effect: "too-long", says: { claim: TAKEN, env: UNKNOWN, challenge: UNKNOWN, password: UNKNOWN } },
  "header-without-colon": { like: "A broken proxy adds a line that is no header.", effect: "head" },
  "header-empty": { like: "Proxies strip a value and leave the name. " + ALLOWED, effect: "head", says: { claim: TAKEN } },
  "header-nul": { like: "Nobody but an attacker sends this.", effect: "head", says: { claim: LOST_CLAIM, env: UNKNOWN, challenge: UNKNOWN, password: UNKNOWN } },
  "date": { like: "The clock of the server is wrong, or that of the device is: here they can be compared.", effect: "fine" },
  "bare-newlines": { like: "A server that somebody wrote in an afternoon.", effect: "head", says: { claim: TAKEN, env: UNKNOWN, challenge: UNKNOWN, password: UNKNOWN } },
  "interim-100": { like: "A server says \"go on\" first and answers then. " + ALLOWED, effect: "interim" },
  "interim-102": { like: "A server says \"still busy\" first and answers then.", effect: "interim" },
  "raw-102": { like: "The list of errors has 102 for a claim that is still being worked on, though 102 is only ever an announcement.", effect: "interim", says: { claim: `The script reports \`processing claiming\`, exit 14, if its HTTP client lets it see that answer. curl 7.88 does not, and fails. ${LOST_CLAIM} It has \`Claiming is in progress\` for this key; whether it gets to see it is not known.` } },
  "interim-flood": { like: "A server that keeps a client busy for ever.", effect: "interim" },
  "body-10mb": { like: "A download page, or an attack on small memories.", effect: "too-long", says: { claim: `${UNKNOWN_CLAIM} v2 takes at most 10 MiB.` } },
  "length-too-long": { like: LOST, effect: "framing" },
  "length-too-short": { like: LOST, effect: "json" },
  "length-twice": { like: "Two boxes in a row both add the length.", effect: "framing", says: { claim: FORBIDDEN_CLAIM } },
  "length-contradicts": { like: "The two lengths differ: who believes the other one reads somebody else's answer. It is how requests are smuggled.", effect: "framing", says: { claim: `curl reads the shorter one. ${UNKNOWN_CLAIM}` } },
  "length-huge": { like: "An attack on arithmetic.", effect: "framing", says: { claim: WAITING_CLAIM } },
  "length-negative": { like: "An attack on arithmetic.", effect: "framing" },
  "no-length": { like: "An old server that means \"until I hang up\", and then does not hang up.", effect: "empty", says: { claim: WAITING_CLAIM, challenge: "`otp challenge response is invalid`: without a length it reads no body.", password: "`otp password response is empty`: without a length it reads no body." } },
  "chunked": { like: "Most proxies send what they do not know the length of in chunks. " + ALLOWED, effect: "fine", says: { claim: FORBIDDEN_CLAIM, env: "Understood from v1.42 on. Before, there was no body: the attempt fails.", challenge: "Understood from v1.42 on. Before, there was no body: the attempt fails.", password: "Understood from v1.42 on. Before, there was no body: the attempt fails." } },
  "chunked-garbage": { like: LOST, effect: "framing" },
  "chunked-and-length": { like: "Two boxes disagree on how the answer is framed. It is how requests are smuggled.", effect: "framing", says: { claim: FORBIDDEN_CLAIM } },
  "gzip-label": { like: "A proxy unpacks the answer and forgets to take the label off.", effect: "fine", says: { claim: FORBIDDEN_CLAIM, env: "Takes no notice of the label.", challenge: "Takes no notice of the label.", password: "Takes no notice of the label." } },
};
