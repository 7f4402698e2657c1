// Thousands of handshakes with random accidents, in virtual time: what must never happen is looked for.

import { useEffect, useState } from "preact/hooks";
import { useCell } from "../app/cell";
import { note, route } from "../app/route";
import { campaign, campaignRuns, phase, world } from "../app/world";
import type { CampaignCoverage, CampaignProgress, CampaignTranscript } from "../bridge/types";
import { Button, Card, Field, Pill, Term } from "../parts/basics";
import { count, span } from "../parts/time";

const LARGEST_SEED = 2 ** 32 - 1;

export function Campaign() {
  const { parameters } = useCell(route);
  const progress = useCell(campaign);
  const runs = useCell(campaignRuns);
  const isReady = useCell(phase) === "ready";
  const [seed, setSeed] = useState(parameters.get("seed") ?? "1");
  const [many, setMany] = useState(parameters.get("count") ?? "1000");
  const replayed = parameters.get("replay");
  const isGood = whole(seed, 0, LARGEST_SEED) && whole(many, 1, 1_000_000);
  const run = () => {
    note("seed", seed);
    note("count", many);
    campaign.set(null);
    campaignRuns.set(true);
    world().campaign.run({ seed: Number(seed), count: Number(many) }).then((end) => campaign.set(end)).catch(() => undefined).finally(() => campaignRuns.set(false));
  };
  const stop = () => {
    world().campaign.stop();
    campaignRuns.set(false);
  };
  return (
    <>
      <Card title="A campaign">
        <p>
          The same program, thousands of times, each with other <Term name="fault">faults</Term> drawn from its <Term name="seed">seed</Term>, in <Term name="virtualTime">virtual time</Term>. After each step the <Term name="invariant">invariants</Term> are checked: no claim before its key is stored, no attempt before its time, no secret in a log.
        </p>
        <form class="line" onSubmit={(event) => event.preventDefault()}>
          <Field label="First seed" kind="narrow">
            <input inputMode="numeric" pattern="[0-9]+" value={seed} disabled={runs} onInput={(event) => setSeed(event.currentTarget.value.trim())} />
          </Field>
          <Field label="Runs" kind="narrow">
            <input inputMode="numeric" pattern="[0-9]+" value={many} disabled={runs} onInput={(event) => setMany(event.currentTarget.value.trim())} />
          </Field>
          {runs ? (
            <button type="button" onClick={stop}>
              Stop
            </button>
          ) : (
            <button type="button" class="primary" disabled={!isReady || !isGood} onClick={run}>
              Run
            </button>
          )}
          {isGood ? null : <p class="help" role="alert">A seed is a whole number up to {LARGEST_SEED}; runs are 1 to a million.</p>}
        </form>
        {progress ? <Progress progress={progress} runs={runs} /> : null}
      </Card>
      {replayed && whole(replayed, 0, LARGEST_SEED) ? <Replay seed={Number(replayed)} key={replayed} /> : null}
      {progress ? <Coverage coverage={progress.coverage} /> : null}
    </>
  );
}

function whole(text: string, low: number, high: number): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) >= low && Number(text) <= high;
}

function Progress({ progress, runs }: { progress: CampaignProgress; runs: boolean }) {
  const { done, count: all, handshakes, virtualMs, elapsedMs, violations, finished } = progress;
  const word = finished ? "Done" : runs ? "Running" : "Stopped";
  return (
    <div class="progress" data-campaign={word.toLowerCase()}>
      <progress max={all} value={done} aria-label="Runs done" />
      <p class="row" role="status">
        <Pill kind={violations.length ? "bad" : finished ? "good" : "wait"}>{word}</Pill>
        <span>
          <strong>{count(done, "run")}</strong> of {all.toLocaleString("en")}, {count(handshakes, "handshake")}
        </span>
        <span class="soft small">
          {span(virtualMs)} of life in {span(elapsedMs)}
        </span>
      </p>
      <p class={violations.length ? "bad-text" : "good-text"}>
        <strong>{count(violations.length, "violation")}</strong>
        {violations.length ? "" : finished ? ": nothing happened that must not happen." : " so far"}
      </p>
      {violations.length ? (
        <ul class="violations">
          {violations.slice(0, 50).map((one, index) => (
            <li key={index}>
              <strong>{one.invariant}</strong> <span class="soft">{one.detail}</span>{" "}
              <button type="button" class="small" onClick={() => note("replay", String(one.seed))}>
                Replay seed {one.seed}
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <form class="line tight" onSubmit={(event) => {
          event.preventDefault();
          const wanted = new FormData(event.currentTarget).get("seed");
          if (typeof wanted === "string" && whole(wanted.trim(), 0, LARGEST_SEED)) note("replay", wanted.trim());
        }}>
          <Field label="Look at one run" kind="narrow">
            <input name="seed" inputMode="numeric" pattern="\s*[0-9]+\s*" placeholder="seed" required />
          </Field>
          <button type="submit">Replay</button>
        </form>
      )}
    </div>
  );
}

function Replay({ seed }: { seed: number }) {
  const [found, setFound] = useState<CampaignTranscript | null>(null);
  const [error, setError] = useState("");
  const isReady = useCell(phase) === "ready";
  useEffect(() => {
    if (isReady) world().campaign.replay(seed).then(setFound, (reason: unknown) => setError(String(reason)));
  }, [seed, isReady]);
  return (
    <Card title={`Seed ${seed}, step by step`} aside={<Button kind="small quiet" work={() => note("replay", "")}>Close</Button>}>
      {found ? (
        <div data-transcript={seed}>
          <p class="small">
            Faults of this run: {found.plan.length ? found.plan.map((one) => <code key={one}>{one} </code>) : "none"}
          </p>
          {found.violations.map((one, index) => (
            <p class="problem" key={index}>
              <strong>{one.invariant}</strong> {one.detail}
            </p>
          ))}
          <ol class="transcript" tabIndex={0} aria-label="What happened">
            {found.lines.map((line, index) => (
              <li key={index} class={line.who}>
                <span class="mono soft">{(line.atMs / 1_000).toFixed(3)}</span>
                <span class="who small">{line.who}</span>
                <span>{line.text}</span>
              </li>
            ))}
          </ol>
        </div>
      ) : <p class="empty" role="status">{error || "Replaying …"}</p>}
    </Card>
  );
}

function Coverage({ coverage }: { coverage: CampaignCoverage }) {
  const tables = [["Events", coverage.events, coverage.stateEvents], ["Faults", coverage.faults, coverage.stateFaults]] as const;
  return (
    <Card title="Coverage" aside={<span class="soft small">what was met, in which state</span>}>
      <p class="small soft">
        <Term name="coverage">Coverage</Term>: the darker a field, the more often that event happened, or that fault struck, while the device was in that state.
      </p>
      {tables.map(([title, columns, cells]) => {
        const met = cells.flat().filter((value) => value > 0).length;
        const most = Math.max(1, ...cells.flat());
        return (
          <figure key={title} class="coverage">
            <figcaption>
              <strong>{title}</strong> <span class="soft small">{count(columns.length, title.toLowerCase().slice(0, -1))} in {count(coverage.states.length, "state")}: {met} pairs were met</span>
            </figcaption>
            <div class="scroll" tabIndex={0} role="region" aria-label={`${title}, by state`}>
              <table>
                <thead>
                  <tr>
                    <th scope="col">{title.slice(0, -1)}</th>
                    {coverage.states.map((state) => (
                      <th scope="col" key={state}>{state}</th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {columns.map((column, at) => (
                    <tr key={column}>
                      <th scope="row" class="mono">{column}</th>
                      {coverage.states.map((state, row) => {
                        const value = cells[row]?.[at] ?? 0;
                        const heat = value === 0 ? 0 : 1 + Math.floor((4 * Math.log(value)) / Math.log(most + 1));
                        return (
                          <td key={state} class={`heat h${Math.min(4, heat)}`}>
                            {value || ""}
                          </td>
                        );
                      })}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </figure>
        );
      })}
    </Card>
  );
}
