// Faults of TLS and of the connection itself.

import type { FaultTable } from "./types";

export const CONNECTION: FaultTable = {
  "tls-expired": { like: "Nobody renewed the certificate in time, or the clock of the device runs years ahead.", effect: "chain", todo: "Compare the clock of the device with the dates that are shown; otherwise whoever runs the server has to renew its certificate." },
  "tls-not-yet-valid": { like: "A device without a battery starts in 1970, before any certificate was made.", effect: "chain", todo: "Let the device get the time: NTP must be reachable, or its clock be set." },
  "tls-wrong-host": { like: "A name leads to the wrong server: an old DNS entry, a mistyped URL, or somebody in between.", effect: "name", todo: "Look at the URL, and at what its name resolves to." },
  "tls-unknown-ca": { like: "A company proxy or a virus scanner opens TLS and signs with an authority of its own; or the Cloud is a private one.", effect: "chain", todo: "Give the device the certificate of that authority, or have the Cloud's hosts made an exception." },
  "tls-self-signed": { like: "A test server, or the web page of a router that answers for everybody.", effect: "chain", todo: "Find out who answers there. Trust the certificate only if it is your own." },

  "stall": { like: "A server that hangs, or a firewall that lets the connection through and then forgets it.", effect: "silence" },
  "reset": { like: "A firewall or proxy that dislikes what it sees slams the door, or the server process has just died.", effect: "broken" },
  "close": { like: "A server that is being restarted says goodbye to everybody.", effect: "broken" },
  "cut": { like: "A load balancer in between gives up and hangs up without a word.", effect: "broken" },
  "close-after": { like: "A server that closes each connection after one answer. It is allowed, and common.", effect: "ends-behind" },
  "cut-after": { like: "The same from a server that is not careful about ending TLS.", effect: "ends-behind" },
  "drip": { like: "A very thin or overloaded line.", effect: "slow" },
  "truncate": { like: "The connection breaks in the middle of the answer.", effect: "broken" },
  "stall-after": { like: "The network goes away in the middle of the answer: a mobile connection that loses its cell.", effect: "silence" },
  "claim-reply-lost": {
    like: "The claim was taken, and the answer was lost on its way back. The Cloud knows the node; the node does not know that.",
    effect: "broken",
    says: { claim: "v1.22 to v1.30: `Failed to connect to URL, return code N`, exit 4. v1.31 to v1.47: tries again and is told `already claimed`, exit 13. The token is then gone, and the user is advised to take another id." },
    todo: "Nothing. The device finds out by proving its key, and goes on under the same id.",
  },
};
