// The services of the network that the device is plugged into: each can be broken, and a proxy can be put in the way.

import { useCell } from "../../app/cell";
import { href } from "../../app/route";
import { phase, setSituation, settings, situation, world } from "../../app/world";
import { GOOD_NETWORK, type NetworkSettings } from "../../bridge/types";
import { Button, Card, Field, Term, Words } from "../../parts/basics";

type Choice = readonly [value: string, title: string, seen: string];

const DHCP: readonly Choice[] = [
  ["", "in order", ""],
  ["silent", "does not answer", "No address, so nothing at all happens. The original says nothing: there is no network yet."],
  ["nak", "refuses every address", "The same as silence, with a refusal each time."],
  ["offer-only", "offers and does not confirm", "The device asks again and again."],
  ["exhausted", "has no address left", "The newest device of a full network stays without one."],
];
const DNS: readonly Choice[] = [
  ["", "in order", ""],
  ["silent", "does not answer", "Every attempt takes long and fails. The original: exit 7, `Unknown HTTP error message` for a claim of v1.31 to v1.47; for the link not known."],
  ["server-failure", "fails (SERVFAIL)", "As above, only quicker."],
  ["no-such-name", "does not know the name (NXDOMAIN)", "A mistyped URL, or a name that is known inside a company only. The original with quotes in its URL: cannot resolve `app.netdata.cloud\"` (#13329)."],
  ["refused", "refuses to say", "A name server that serves other people only."],
];
const TIME: readonly Choice[] = [
  ["", "in order", ""],
  ["silent", "does not answer", "A device without a clock cannot tell whether a certificate is valid; this one takes the date of its firmware as the least."],
  ["kiss-of-death", "asks to be left alone", "A time server that is called too often."],
  ["unsynchronised", "does not know the time itself", "Its answer does not count."],
  ["-86400", "is a day slow", "A day decides over a certificate that is brand new or nearly over."],
  ["315576000", "is ten years fast", "Every certificate has expired. The original: `SSL_connect() failed` for its log-in."],
];
const PROXIES: readonly Choice[] = [
  ["", "in order", ""],
  ["hang", "takes the connection and says nothing", "Waits for 30 s. The original, v2: `proxy negotiation failed`."],
  ["status-407", "wants a name and a password (407)", "The original, v2.10: `HTTP proxy CONNECT to h:p failed with status 407`, and it does not try again."],
  ["status-403", "does not let the Cloud through (403)", "The rules of the proxy do not know the Cloud."],
  ["status-502", "cannot reach the Cloud (502)", "The proxy has a network problem of its own."],
  ["close", "hangs up", "Not a proxy, or one that is overloaded."],
  ["garbage", "speaks something else", "Another service listens at that port."],
  ["http-1.0", "answers in HTTP/1.0", "tinyproxy does. The original takes it from v1.47 on; before, it fails."],
];

export function NetworkCard() {
  const { network } = useCell(situation);
  const isReady = useCell(phase) === "ready";
  const uses = useCell(settings)?.proxy;
  const set = (change: Partial<NetworkSettings>) => setSituation({ ...situation.value, network: { ...world().cloud.network(change) } });
  const proxy = network.proxy;
  return (
    <Card title="The network" aside={<Button kind="small" disabled={!isReady} work={() => set(GOOD_NETWORK)}>In order again</Button>}>
      <Service title="DHCP" word={<><Term name="dhcp">Gives out</Term> addresses.</>} choices={DHCP} value={network.dhcp ?? ""} set={(value) => set({ dhcp: (value || null) as NetworkSettings["dhcp"] })} />
      <Service title="DNS" word={<><Term name="dns">Knows</Term> which address a name has.</>} choices={DNS} value={network.dns ?? ""} set={(value) => set({ dns: (value || null) as NetworkSettings["dns"] })} />
      <Service title="NTP" word={<><Term name="ntp">Knows</Term> what time it is.</>} choices={TIME} value={network.time === null ? "" : String(network.time)} set={(value) => set({ time: value === "" ? null : /^-?\d+$/.test(value) ? Number(value) : (value as NetworkSettings["time"]) })} />
      <label class="check">
        <input type="checkbox" checked={!network.direct} onChange={(event) => set({ direct: !event.currentTarget.checked })} />
        A firewall lets nobody reach the Cloud directly
      </label>
      <div class="pair">
        <Field label="Proxy" help={<><Term name="proxy">A way out</Term>, at <code>proxy.test:3128</code>.</>}>
          <select value={proxy?.kind ?? ""} onChange={(event) => {
            const kind = event.currentTarget.value;
            set({ proxy: kind === "http" || kind === "socks5" ? { kind, user: "", password: "", fault: null } : null });
          }}>
            <option value="">none</option>
            <option value="http">HTTP CONNECT</option>
            <option value="socks5">SOCKS5</option>
          </select>
        </Field>
        {proxy ? (
          <>
            <Field label="Its user name" help="Empty: it asks for none.">
              <input value={proxy.user} spellcheck={false} onInput={(event) => set({ proxy: { ...proxy, user: event.currentTarget.value } })} />
            </Field>
            <Field label="Its password">
              <input value={proxy.password} spellcheck={false} onInput={(event) => set({ proxy: { ...proxy, password: event.currentTarget.value } })} />
            </Field>
          </>
        ) : null}
      </div>
      {proxy ? <Service title="What the proxy does" choices={proxy.kind === "http" ? PROXIES : PROXIES.filter(([name]) => !name.startsWith("status") && name !== "http-1.0")} value={proxy.fault ?? ""} set={(fault) => set({ proxy: { ...proxy, fault: fault || null } })} /> : null}
      {proxy && !uses ? <p class="small problem calm">The device does not use this proxy yet: its address belongs into <a href={href("device")}>the device's settings</a>.</p> : null}
    </Card>
  );
}

function Service({ title, word, choices, value, set }: { title: string; word?: preact.ComponentChildren; choices: readonly Choice[]; value: string; set: (value: string) => void }) {
  const seen = choices.find(([name]) => name === value)?.[2] ?? "";
  return (
    <Field label={title} help={seen ? <Words text={seen} /> : word}>
      <select value={value} onChange={(event) => set(event.currentTarget.value)}>
        {choices.map(([name, text]) => (
          <option key={name} value={name}>{text}</option>
        ))}
      </select>
    </Field>
  );
}
