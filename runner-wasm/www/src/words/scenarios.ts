// The cases of docs/troubleshooting.md as stories: how the world is set, what goes wrong, what is seen, what mends it.

import type { CableConditions, DeviceSettings, NetworkSettings } from "../bridge/types";

/** What changes in the laboratory. */
export interface Change {
  readonly device?: Partial<DeviceSettings>;
  readonly cable?: Partial<CableConditions>;
  readonly network?: Partial<NetworkSettings>;
  readonly faults?: readonly string[];
  /** Pulls the cable out, or puts it in. */
  readonly plug?: boolean;
  readonly flash?: "damage" | "erase";
  readonly cloud?: "ban" | "unban" | "remove" | "revoke" | "disconnect";
  /** Starts the device anew, so that it goes the whole way once more. */
  readonly reboot?: boolean;
  /** Claims it, with a new token unless the change has just revoked it. */
  readonly claim?: boolean;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly group: "claim" | "network" | "proxy" | "certificates" | "cloud" | "device";
  /** What a person tells who comes for help. */
  readonly told: string;
  /** Whether the device is claimed and live before anything goes wrong. */
  readonly begins: "new" | "live";
  /** What goes wrong, and in which words. */
  readonly breaks: Change;
  readonly broken: string;
  /** The stage at which it fails then; `live`: it comes through all the same; `unclaimed`, `banned`: it ends like that. */
  readonly ends: string;
  /** What it means. */
  readonly means: string;
  readonly mends: Change | null;
  readonly mended: string;
}

export const GROUPS: Readonly<Record<Scenario["group"], string>> = { claim: "Claiming", network: "The network", proxy: "Proxies", certificates: "Certificates and clocks", cloud: "What the Cloud says", device: "The device itself" };

export const SCENARIOS: readonly Scenario[] = [
  { name: "not-claimed", title: "It was never claimed", group: "claim", told: "I installed it, and my node does not appear.", begins: "new", breaks: {}, broken: "The device is switched on, and that is all.", ends: "unclaimed", means: "`agent-claimed` is false in /api/v1/info: this machine is no node of a Space yet. Nothing is broken.", mends: { claim: true }, mended: "Create a token and claim it." },
  { name: "token-revoked", title: "The token was revoked", group: "claim", told: "I copied the command from a colleague, and it is refused.", begins: "new", breaks: { cloud: "revoke", claim: true }, broken: "The token is taken back before the device claims with it.", ends: "http", means: "403 `ErrForbidden`: the token has expired, was revoked, or was not copied whole. The three cannot be told apart, on purpose. The script of v1.22 to v1.47 ends with exit code 12.", mends: { claim: true }, mended: "Claim with a new token." },
  { name: "room-deleted", title: "The War Room is gone", group: "claim", told: "The command worked last month.", begins: "new", breaks: { faults: ["err-invalid-room-id@claim"], claim: true }, broken: "The room in the command does not exist any more.", ends: "http", means: "422 `ErrInvalidRoomID`: exit code 10 of the script.", mends: { faults: [], claim: true }, mended: "Copy the command again, with the rooms of today." },
  { name: "already-claimed", title: "Already claimed", group: "claim", told: "I installed the machine anew, and the claim is refused.", begins: "new", breaks: { faults: ["err-already-claimed@claim"], claim: true }, broken: "The Cloud knows this id from before, with another key.", ends: "http", means: "409 `ErrAlreadyClaimed`. A new disk or a pod without a volume has lost its key, and the id alone proves nothing. Exit code 13.", mends: { faults: [], claim: true }, mended: "Remove the old node in the Cloud, or claim under a new id." },
  { name: "reply-lost", title: "The answer to the claim was lost", group: "claim", told: "The claim failed, and yet the node is in my Space.", begins: "new", breaks: { faults: ["claim-reply-lost@claim*1"], claim: true }, broken: "The Cloud takes the claim, and the connection breaks before the device hears of it.", ends: "live", means: "The original tries again and is told `already claimed`. This device had stored its key and the open claim first, so it proves with the key that the node is its own.", mends: null, mended: "" },

  { name: "cable", title: "Somebody pulls the cable", group: "network", told: "It went offline, and I did nothing.", begins: "live", breaks: { plug: false }, broken: "The cable is out.", ends: "offline", means: "A line that is quiet and one that is dead look alike. The device sees the plug; a node behind a switch would notice with the next ping that stays unanswered, and so would the Cloud.", mends: { plug: true }, mended: "Plug it in. The device comes back by itself." },
  { name: "no-address", title: "No address from the network", group: "network", told: "The lights are on, and nothing happens.", begins: "live", breaks: { network: { dhcp: "silent" }, reboot: true }, broken: "The router does not answer requests for an address.", ends: "config", means: "Without an address nothing can be asked. Devices in a full or badly set up network look dead.", mends: { network: { dhcp: null } }, mended: "The router answers again." },
  { name: "no-name", title: "No such name", group: "network", told: "It says that it cannot resolve the host.", begins: "live", breaks: { network: { dns: "no-such-name" }, reboot: true }, broken: "The name server does not know the Cloud's name.", ends: "dns", means: "A mistyped URL, quotes around it (#13329), or a name server that answers for the company only.", mends: { network: { dns: null } }, mended: "The name server knows the name." },
  { name: "firewall", title: "A firewall that lets nobody out", group: "network", told: "It works at home and not at work.", begins: "live", breaks: { network: { direct: false }, reboot: true }, broken: "Nobody gets out of this network directly.", ends: "tcp", means: "This one refuses at once; others throw the packets away, and then there is only silence. Many such networks have a proxy.", mends: { network: { direct: true } }, mended: "The firewall lets the Cloud's port through." },
  { name: "bad-line", title: "A very bad line", group: "network", told: "It takes ages.", begins: "live", breaks: { cable: { latencyMs: 400, jitterMs: 150, lossPercent: 12, reorderPercent: 5 }, reboot: true }, broken: "A satellite in the rain: 400 ms each way, an eighth of all frames lost.", ends: "live", means: "TCP sends again what is lost, and every step has its own deadline. It takes longer, and it works.", mends: null, mended: "" },

  { name: "proxy-needed", title: "Only the proxy gets out", group: "proxy", told: "Browsers work here, the agent does not.", begins: "live", breaks: { network: { direct: false, proxy: { kind: "http", user: "", password: "", fault: null } }, reboot: true }, broken: "The firewall is closed, and the device does not know of the proxy.", ends: "tcp", means: "Browsers have been told about the proxy; a daemon has to be told separately.", mends: { device: { proxy: "http://proxy.test:3128" }, reboot: true }, mended: "Set the proxy on the device." },
  { name: "proxy-407", title: "The proxy wants a password", group: "proxy", told: "The proxy is set, and still nothing.", begins: "live", breaks: { network: { direct: false, proxy: { kind: "http", user: "edge", password: "correct horse", fault: null } }, device: { proxy: "http://proxy.test:3128" }, reboot: true }, broken: "The proxy asks for a name and a password, and the device has none.", ends: "proxy", means: "407 Proxy Authentication Required. The original knows credentials of a proxy from v1.38 on (#12629), and percent signs in them from v2.3 on (#19469): blanks and @ are written so.", mends: { device: { proxy: "http://edge:correct%20horse@proxy.test:3128" }, reboot: true }, mended: "Set the proxy with its credentials." },
  { name: "proxy-down", title: "The proxy does not run", group: "proxy", told: "It worked until the proxy was replaced.", begins: "live", breaks: { device: { proxy: "http://proxy.test:3128" }, reboot: true }, broken: "The device is told to use a proxy, and nobody listens there.", ends: "tcp", means: "The device never goes around a proxy that it was given: a silent direct connection would be a hole in somebody's firewall rules.", mends: { device: { proxy: "" }, reboot: true }, mended: "Correct the proxy, or take it out." },

  { name: "tls-opened", title: "A virus scanner opens TLS", group: "certificates", told: "Certificate errors on one network only.", begins: "live", breaks: { faults: ["tls-unknown-ca"], reboot: true }, broken: "Somebody in between shows a certificate by an authority of his own.", ends: "tls", means: "The device trusts those it was told to trust and nobody else. The original shows `SSL_connect() failed` for its log-in, and no reason at all for the link.", mends: { faults: [] }, mended: "Make the Cloud an exception, or let the device trust that authority." },
  { name: "expired", title: "The certificate has expired", group: "certificates", told: "All nodes went offline on the same day.", begins: "live", breaks: { faults: ["tls-expired"], reboot: true }, broken: "Nobody has renewed the certificate.", ends: "tls", means: "All nodes at once is the sign: it is not this machine.", mends: { faults: [] }, mended: "Whoever runs the server renews it." },
  { name: "clock", title: "The clock runs ahead", group: "certificates", told: "After a power cut it never came back.", begins: "live", breaks: { device: { clock: 315_576_000 }, reboot: true }, broken: "The clock of the device is ten years ahead, and nobody corrects it.", ends: "tls", means: "Every certificate has expired by then. The clock is the cause, and not the certificate. One that is behind, as in 1970, does not trouble this device: it cannot be earlier than its firmware was built.", mends: { device: { clock: null }, reboot: true }, mended: "Let it ask a time server." },

  { name: "captive-portal", title: "A captive portal", group: "cloud", told: "On the train it does not connect.", begins: "live", breaks: { faults: ["html-body@env"], reboot: true }, broken: "The log-in page of the network answers in place of the Cloud.", ends: "json", means: "An HTML page where JSON should be. The original: `/env response is not JSON`.", mends: { faults: [] }, mended: "Log in to the network with a browser." },
  { name: "maintenance", title: "The Cloud is being updated", group: "cloud", told: "It says 503.", begins: "live", breaks: { faults: ["status-503@env*2"], reboot: true }, broken: "The next two requests to /env are answered with 503.", ends: "http", means: "Nothing is wrong on this side. The pause between attempts doubles, with some chance in it, so that not all nodes come back in the same second.", mends: null, mended: "" },
  { name: "too-many", title: "Too many requests", group: "cloud", told: "It says 429.", begins: "live", breaks: { faults: ["err-retry-delay=20@env*1"], reboot: true }, broken: "The Cloud wants to be left alone for 20 seconds.", ends: "http", means: "The device waits as long as it was asked to. The original does so, too; its own back-off overflowed before v2.4, which fits the thousands of requests of #13430.", mends: null, mended: "" },
  { name: "removed", title: "Removed in the Cloud", group: "cloud", told: "My node is gone from the Space.", begins: "live", breaks: { cloud: "remove", reboot: true }, broken: "An administrator has removed the node.", ends: "http", means: "The Cloud does not know the claimed id any more, and hands out no challenge for it.", mends: { flash: "erase", claim: true }, mended: "Claim it again, with a new identity." },
  { name: "banned", title: "Banned", group: "cloud", told: "It has stopped trying.", begins: "live", breaks: { cloud: "ban" }, broken: "An administrator bans the node.", ends: "banned", means: "The device makes no further attempt: that is what the Cloud asked for. `Banned By Cloud: Yes` in `aclk-state`.", mends: { cloud: "unban", reboot: true }, mended: "Let it in again, and reboot it." },
  { name: "websocket", title: "WebSockets do not get through", group: "cloud", told: "The claim worked, and the node stays offline.", begins: "live", breaks: { faults: ["status-403@upgrade"], reboot: true }, broken: "Something on the way lets requests through and no WebSocket.", ends: "http", means: "Claim and log-in work, the link does not. The original has no reason of its own for this: the one before it stays.", mends: { faults: [] }, mended: "Let WebSockets to the Cloud pass." },
  { name: "refused", title: "The broker refuses the session", group: "cloud", told: "It almost connects.", begins: "live", breaks: { faults: ["connack-0x87@connect"], reboot: true }, broken: "Everything works, and then MQTT says: not authorised.", ends: "mqtt", means: "CONNACK 0x87. The original's first implementation (up to v1.32) took a refusal for a success, and called in a loop.", mends: { faults: [] }, mended: "The Cloud lets the node in." },

  { name: "wrong-key", title: "The key is not the registered one", group: "device", told: "It never connects: data too large for modulus.", begins: "live", breaks: { faults: ["challenge-wrong-key@challenge"], reboot: true }, broken: "The challenge is made for another key than the device has.", ends: "decrypt", means: "private.pem does not belong to this id: a volume made anew, a copied machine GUID. Old agents sent an empty answer instead, over and over (#9253, #9206).", mends: { faults: [] }, mended: "Restore the key, or claim under a new id." },
  { name: "twins", title: "Two machines with one identity", group: "device", told: "Two nodes take turns.", begins: "live", breaks: { faults: ["mqtt-disconnect=142@online"], reboot: true }, broken: "Whenever the link is up, the broker says that the session was taken over.", ends: "mqtt", means: "0x8E, session taken over: a cloned disk or a copied volume has the same id, and each throws the other out.", mends: { faults: [], reboot: true }, mended: "Give one of the two a new identity." },
  { name: "flash", title: "The flash is damaged", group: "device", told: "After a lightning strike it says that storage is damaged.", begins: "live", breaks: { flash: "damage" }, broken: "The beginning of every page is overwritten.", ends: "unclaimed", means: "A flash that cannot be read is not guessed at. Key and claim are gone.", mends: { flash: "erase", claim: true }, mended: "Erase it, and claim the device anew." },
];

export const scenario = (name: string): Scenario | undefined => SCENARIOS.find((one) => one.name === name);
