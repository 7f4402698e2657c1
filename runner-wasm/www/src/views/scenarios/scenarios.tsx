// Stories from docs/troubleshooting.md, each a click away.

import { useEffect, useRef } from "preact/hooks";
import { useCell } from "../../app/cell";
import { route } from "../../app/route";
import { phase } from "../../app/world";
import { Button, Card, copy } from "../../parts/basics";
import { GROUPS, SCENARIOS, type Scenario } from "../../words/scenarios";
import { stageTitle } from "../../words/stages";
import { play } from "./player";

const ENDS: Readonly<Record<string, string>> = { live: "comes through", unclaimed: "is not claimed", banned: "is banned", offline: "goes offline", config: "waits for an address" };

export function Scenarios() {
  const { item } = useCell(route);
  return (
    <>
      <p class="lead">
        Each story sets up a fresh device and Cloud, lets something go wrong, shows how it looks, and mends it. Your own device is put aside meanwhile and comes back afterwards.
      </p>
      {Object.entries(GROUPS).map(([group, title]) => (
        <Card key={group} title={title}>
          <ul class="stories">
            {SCENARIOS.filter((one) => one.group === group).map((one) => (
              <Story key={one.name} one={one} isChosen={one.name === item} />
            ))}
          </ul>
        </Card>
      ))}
    </>
  );
}

function Story({ one, isChosen }: { one: Scenario; isChosen: boolean }) {
  const isReady = useCell(phase) === "ready";
  const place = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isChosen) place.current?.scrollIntoView({ block: "center" });
  }, [isChosen]);
  return (
    <li ref={place} class={`story-card ${isChosen ? "chosen" : ""}`} data-story={one.name}>
      <h3>{one.title}</h3>
      <p class="told">“{one.told}”</p>
      <p class="small soft">
        {one.broken} It {ENDS[one.ends] ?? `fails at the step ${stageTitle(one.ends)}`}.
      </p>
      <div class="row">
        <Button kind="primary small" disabled={!isReady} label={`Play: ${one.title}`} work={() => play(one.name)}>
          Play
        </Button>
        <button type="button" class="quiet small" onClick={() => void copy(new URL(`#/scenarios/${one.name}?play=yes`, location.href).href)}>
          Copy link
        </button>
      </div>
    </li>
  );
}
