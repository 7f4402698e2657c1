// The claim command, pasted, taken apart and run.

import { useEffect, useState } from "preact/hooks";
import { useCell } from "../../app/cell";
import { command } from "../../app/guide";
import { go } from "../../app/route";
import { keyProgress, phase, power, state, world } from "../../app/world";
import { Button, Card, Term } from "../../parts/basics";
import { count } from "../../parts/time";
import type { TermName } from "../../words/terms";
import { dissect } from "./command";

export function Claim() {
  const chosen = useCell(command);
  const now = useCell(state);
  const isReady = useCell(phase) === "ready";
  const isOn = useCell(power);
  const [text, setText] = useState(chosen);
  useEffect(() => setText(chosen), [chosen]);
  const parts = dissect(text);
  const run = async () => {
    if (!isOn) await world().device.power(true);
    world().device.claim(text);
    command.set(text);
    go("link");
  };
  if (now?.claimedId) return <Claimed id={now.claimedId} />;
  return (
    <Card title="Claim this device">
      <p>
        Paste the command that an administrator gets with a <Term name="token">claiming token</Term>. It is typed at the device's serial console.
      </p>
      <form onSubmit={(event) => event.preventDefault()}>
        <label class="field">
          <span>Claim command</span>
          <textarea rows={4} spellcheck={false} class="mono" value={text} placeholder="aclk claim -token=… -rooms=… -url=https://…" onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        {parts.length ? (
          <dl class="facts parts">
            {parts.map(({ name, value, help, term }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <code>{value}</code>
                  <span class="small soft">
                    {term ? <Term name={term as TermName}>{help}</Term> : help}
                  </span>
                </dd>
              </div>
            ))}
          </dl>
        ) : null}
        <div class="row">
          <Button kind="primary" disabled={!isReady || !text.trim()} work={run}>
            Claim the device
          </Button>
          {text.trim() ? null : (
            <button type="button" class="quiet" onClick={() => go("administrator")}>
              I have no command yet
            </button>
          )}
        </div>
      </form>
      <KeyProgress />
    </Card>
  );
}

/** How far the search for the two primes of an RSA key is. */
function KeyProgress() {
  const progress = useCell(keyProgress);
  if (!progress) return null;
  if (progress.done) return <p class="small soft" role="status">It has made its <Term name="rsa">RSA key</Term> itself: {count(progress.candidates, "candidate")} tried for two prime numbers.</p>;
  return (
    <p class="keying" role="status">
      <Term name="rsa">Making the RSA key</Term>: {progress.primes} of 2 prime numbers found, {count(progress.candidates, "candidate")} tried.
      <progress max={2} value={progress.primes} aria-label="Prime numbers found" />
    </p>
  );
}

function Claimed({ id }: { id: string }) {
  const [asks, setAsks] = useState(false);
  return (
    <Card title="This device is claimed">
      <p>
        It is a node of your Space, under the <Term name="claimedId">claimed id</Term> <code>{id}</code>. It needs no token any more.
      </p>
      <KeyProgress />
      {asks ? (
        <div class="problem calm" role="group" aria-label="Unclaim">
          <p>
            <strong>Unclaim it?</strong> The device tells the Cloud, and forgets its claim and its key. To come back it has to be claimed anew, with a token.
          </p>
          <div class="row">
            <button type="button" class="danger" onClick={() => {
              world().device.console("unclaim");
              command.set("");
              setAsks(false);
            }}>
              Unclaim
            </button>
            <button type="button" onClick={() => setAsks(false)}>
              Keep it
            </button>
          </div>
        </div>
      ) : (
        <button type="button" class="danger" onClick={() => setAsks(true)}>
          Unclaim…
        </button>
      )}
    </Card>
  );
}
