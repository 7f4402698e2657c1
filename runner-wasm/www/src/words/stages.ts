// The connections of a link and the stages of each, in the words of the program (`core/src/stage.rs`) and in those of people.

export type Leg = "claim" | "env" | "challenge" | "password" | "link";

export interface LegWords {
  readonly name: Leg;
  readonly title: string;
  readonly text: string;
  /** What the device was doing, behind "it fails". */
  readonly aim: string;
  readonly stages: readonly string[];
}

/** What a device does before it has anybody to talk to. */
export const START: readonly string[] = ["config", "storage", "key", "clock"];

export const LEGS: readonly LegWords[] = [
  { name: "claim", title: "Claim", text: "Becomes a node of the Space. Once.", aim: "while claiming the device", stages: ["dns", "tcp", "proxy", "tls", "http"] },
  { name: "env", title: "Find", text: "Asks the Cloud where to go.", aim: "while asking the Cloud where to go", stages: ["dns", "tcp", "proxy", "tls", "http"] },
  { name: "challenge", title: "Prove", text: "Decrypts a challenge with its key.", aim: "while proving who it is", stages: ["dns", "tcp", "proxy", "tls", "http", "decrypt"] },
  { name: "password", title: "Log in", text: "Gets the credentials of the link.", aim: "while logging in", stages: ["dns", "tcp", "proxy", "tls", "http"] },
  { name: "link", title: "Link", text: "Opens the link, and keeps it.", aim: "on the link itself", stages: ["dns", "tcp", "proxy", "tls", "websocket", "mqtt", "app"] },
];

interface StageWords {
  readonly title: string;
  readonly text: string;
  /** What can be done where the program itself gives no hint. */
  readonly advice: string;
}

export const STAGES: Readonly<Record<string, StageWords>> = {
  config: { title: "Settings", text: "Gets an address from the network, and reads what it was told.", advice: "Look at the settings that the reason names." },
  permission: { title: "Permission", text: "May it read its own files?", advice: "Give the user that aclk runs as access to the file that the reason names." },
  storage: { title: "Storage", text: "Reads and writes its identity.", advice: "Is the disk full, read-only or damaged? The reason names the place." },
  clock: { title: "Clock", text: "Finds out what time it is.", advice: "Set the time: certificates cannot be checked without it." },
  key: { title: "Key", text: "Makes or reads its RSA key.", advice: "The key must be an RSA-2048 key that the device can read." },
  dns: { title: "Name", text: "Finds the address for the Cloud's name.", advice: "Check the network connection and the name servers." },
  tcp: { title: "Connect", text: "Opens a TCP connection.", advice: "Is the network up, and is a firewall in the way? The Cloud must be reachable on its HTTPS port." },
  proxy: { title: "Proxy", text: "Asks the proxy for a tunnel.", advice: "Check the address of the proxy, and that it lets connections to the Cloud through." },
  tls: { title: "TLS", text: "Encrypts, and checks who is at the other end.", advice: "Check the clock. If something on the way opens TLS, its authority has to be trusted, or the Cloud be made an exception." },
  http: { title: "Request", text: "Asks, and gets an answer with a status.", advice: "If the Cloud has a problem, it will pass. Otherwise something between here and the Cloud answers in its place." },
  json: { title: "Answer", text: "Reads what the answer says.", advice: "Something that is not the Cloud seems to answer: look for a proxy or a log-in page of the network." },
  decrypt: { title: "Decrypt", text: "Opens the challenge with the private key.", advice: "The key does not fit the claim. Claim the device again." },
  websocket: { title: "WebSocket", text: "Turns the request into an open line.", advice: "Something on the way may not let WebSockets through: a proxy, most likely." },
  mqtt: { title: "MQTT", text: "Logs in to the message broker.", advice: "If it goes on, claim again; the Cloud may not know the node any more." },
  app: { title: "Messages", text: "Introduces itself, and becomes live.", advice: "It will pass, most likely; if not, the reason tells support what to look for." },
};

export const leg = (name: string | null | undefined): LegWords | undefined => LEGS.find((one) => one.name === name);
export const stageTitle = (name: string): string => STAGES[name]?.title ?? name;
export const advice = (name: string): string => STAGES[name]?.advice ?? "The next attempt may do.";

/** The steps at which the emulated Cloud can do something wrong, and the connection each belongs to. */
export const STEPS: readonly { readonly name: string; readonly leg: Leg | null; readonly text: string }[] = [
  { name: "tls", leg: null, text: "the certificate of the next connection, whatever it is for" },
  { name: "claim", leg: "claim", text: "the answer to the claim" },
  { name: "env", leg: "env", text: "the answer to /env, the first question of every attempt" },
  { name: "challenge", leg: "challenge", text: "the answer to the request for a challenge" },
  { name: "password", leg: "password", text: "the answer to the decrypted challenge" },
  { name: "upgrade", leg: "link", text: "the answer to the WebSocket upgrade" },
  { name: "connect", leg: "link", text: "the answer to the MQTT log-in" },
  { name: "subscribe", leg: "link", text: "the answer to each subscription" },
  { name: "announce", leg: "link", text: "the answer to the node's first message" },
  { name: "online", leg: "link", text: "what follows once the node is live" },
];
