// What states, legs and stages are called, and what can be done where the program itself gives no hint.

/** The connections of the link, in their order, and the stages of each. */
export const LEGS = [
  { name: "claim", title: "Claim", aim: "while claiming this machine", text: "Becomes a node of the Space.", stages: ["dns", "tcp", "tls", "http"] },
  { name: "env", title: "Find", aim: "while asking the Cloud where to go", text: "Asks the Cloud where to go.", stages: ["dns", "tcp", "tls", "http"] },
  { name: "challenge", title: "Prove", aim: "while proving who it is", text: "Decrypts a challenge with its key.", stages: ["dns", "tcp", "tls", "http", "decrypt"] },
  { name: "password", title: "Log in", aim: "while logging in", text: "Gets the credentials of the link.", stages: ["dns", "tcp", "tls", "http"] },
  { name: "link", title: "Link", aim: "on the link itself", text: "Opens the link, and keeps it.", stages: ["dns", "tcp", "tls", "websocket", "mqtt", "app"] },
];

export const leg = (name) => LEGS.find((one) => one.name === name) ?? { aim: `for ${name}` };

const STAGES = {
  config: ["Settings", "Look at the settings that the reason names, and start it again."],
  permission: ["Permission", "Give the user that aclk runs as access to the file that the reason names."],
  storage: ["Files", "Is the disk full or read-only? The reason names the file."],
  clock: ["Clock", "Set the time of this machine; certificates cannot be checked without it."],
  key: ["Key", "Look at private.pem in the claim directory: it must be an RSA-2048 key that aclk can read."],
  dns: ["Name", "Check the network connection and the name servers of this machine."],
  tcp: ["Connect", "Is the network up, and is a firewall in the way? The Cloud must be reachable on its HTTPS port, 443."],
  proxy: ["Proxy", "Check the address of the proxy, and that it lets connections to the Cloud through."],
  tls: ["TLS", "Check the clock of this machine. If something here inspects TLS, its certificate authority has to be trusted: claim.d/cloud_fullchain.pem."],
  http: ["Request", "If the Cloud has a problem, it will pass. Otherwise something between here and the Cloud answers in its place."],
  json: ["Answer", "Something that is not the Cloud seems to answer: look for a proxy or a login page of the network."],
  decrypt: ["Decrypt", "The key does not fit the claim. Claim this machine again."],
  websocket: ["WebSocket", "Something between here and the Cloud may not let WebSockets through: a proxy, most likely."],
  mqtt: ["MQTT", "If it goes on, claim this machine again; the Cloud may not know it any more."],
  app: ["Messages", "It will pass, most likely; if not, the reason tells support what to look for."],
};

export const stage = (name) => STAGES[name]?.[0] ?? name;

/** The word that the log has for a stage, where it is another one. */
export const logged = (name) => (stage(name).toLowerCase() === name ? null : name);
export const advice = (name) => STAGES[name]?.[1] ?? "The next attempt may do.";

/** What a server said about a failure, as a phrase. */
export function said(server) {
  if (!server?.message && !server?.key && !server?.code) return null;
  return [server.message || server.key, server.status ? `HTTP status ${server.status}` : null, server.code ? `trace ${server.code}` : null].filter(Boolean).join(", ");
}

/** A state at a glance. */
export function headline(state, reason) {
  switch (state) {
    case "online": return { kind: "good", title: "Online", text: "The link is up: this node is live in Netdata Cloud." };
    case "connecting": return { kind: "wait", title: "Connecting", text: "The link is on its way up." };
    case "waiting": return { kind: "bad", title: "Offline", text: "The link did not hold or did not come up. It is tried again by itself." };
    case "banned": return { kind: "bad", title: "Banned", text: "Netdata Cloud asked not to be called again. A reload (SIGHUP) or a restart tries once more." };
    case "stopped": return { kind: "bad", title: "Stopped", text: "No further attempt is made until something is changed." };
    default: return reason ? { kind: "idle", title: "Not linked", text: "There is nothing to link." } : { kind: "idle", title: "Not claimed", text: "This machine is not a node of Netdata Cloud yet." };
  }
}
