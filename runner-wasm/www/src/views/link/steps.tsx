// The steps of the present attempt, connection by connection.

import { Fragment } from "preact";
import { useCell, useTick } from "../../app/cell";
import { passed, power, state } from "../../app/world";
import { Card, type Kind, Mark, SPOKEN, Term } from "../../parts/basics";
import { span } from "../../parts/time";
import { LEGS, type LegWords, STAGES, stageTitle } from "../../words/stages";

/** What the steps are called by those who know them. */
const WORDS = ["dns", "tcp", "tls", "http", "challenge", "websocket", "mqtt"] as const;

export function Steps() {
  const done = useCell(passed);
  const now = useCell(state);
  const isOn = useCell(power);
  const current = isOn ? (now?.current ?? null) : null;
  useTick(current ? 200 : null);
  const hasClaimed = done.some(({ purpose }) => purpose === "claim") || !now?.claimedId;
  const total = done.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
  const legs = LEGS.filter(({ name }) => name !== "claim" || hasClaimed);
  return (
    <Card title="The way to the Cloud" aside={<span class="soft small">{done.length ? `${span(total)} in all` : "each connection opens TCP and TLS anew"}</span>}>
      <ol class="legs">
        {legs.map((one) => (
          <Leg key={one.name} words={one} />
        ))}
      </ol>
      <p class="small soft">
        {WORDS.map((name, index) => (
          <Fragment key={name}>
            <span class="whole">
              <Term name={name} />
              {index + 1 < WORDS.length ? "," : ":"}
            </span>{" "}
          </Fragment>
        ))}
        press a word to see what it means.
      </p>
    </Card>
  );
}

function Leg({ words }: { words: LegWords }) {
  const all = useCell(passed);
  const now = useCell(state);
  const isOn = useCell(power);
  const failure = isOn && now && now.link !== "online" && !now.current ? now.failure : null;
  const current = isOn && now?.link !== "online" ? (now?.current ?? null) : null;
  const mine = all.filter(({ purpose }) => purpose === words.name);
  const isFailed = failure?.purpose === words.name;
  // A request may be answered, and the answer be the failure.
  const done = isFailed && mine.at(-1)?.stage === failure?.stage ? mine.slice(0, -1) : mine;
  const isCurrent = current?.purpose === words.name;
  const at = isFailed ? failure?.stage : isCurrent ? current?.stage : null;
  const has = (stage: string) => done.some((step) => step.stage === stage);
  // Not every connection has a proxy, and an address needs no name server.
  const plan = words.stages.filter((stage) => (stage !== "proxy" && (stage !== "dns" || !has("tcp"))) || has(stage) || at === stage);
  const kind: Kind = isFailed ? "failed" : isCurrent ? "busy" : done.length && plan.every(has) ? "done" : done.length ? "busy" : "open";
  const spent = done.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
  return (
    <li class={`leg ${kind}`} data-leg={words.name}>
      <h3>
        <Mark kind={kind} />
        <span>{words.title}</span>
        <span class="soft small">{done.length ? span(spent) : ""}</span>
      </h3>
      <p class="soft small">{words.text}</p>
      <ol>
        {plan.map((stage) => {
          const step = done.filter((one) => one.stage === stage);
          const what: Kind = at === stage ? (isFailed ? "failed" : "busy") : step.length ? "done" : "open";
          const took = step.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
          return (
            <li key={stage} class={what} title={STAGES[stage]?.text}>
              <Mark kind={what} />
              <span>
                {stageTitle(stage)}
                <span class="hidden">, {SPOKEN[what]}</span>
              </span>
              <span class="ms">{what === "done" ? span(took) : what === "failed" ? "failed" : what === "busy" && current ? span(Date.now() - current.since) : ""}</span>
            </li>
          );
        })}
      </ol>
    </li>
  );
}
