// A story that is being played: what has happened, what it means, and what mends it.

import { useCell } from "../../app/cell";
import { Button, type Kind, Mark, SPOKEN, Words } from "../../parts/basics";
import { scenario } from "../../words/scenarios";
import { act, leave, mend, play, type Act } from "./player";

const ORDER: readonly Act[] = ["prepare", "break", "see", "mend", "over"];

export function StoryBar({ name }: { name: string }) {
  const now = useCell(act);
  const one = scenario(name);
  if (!one) return null;
  const at = ORDER.indexOf(now);
  const kind = (which: Act): Kind => (ORDER.indexOf(which) < at ? "done" : which === now ? "busy" : "open");
  const step = (what: Kind, text: string) => (
    <li class={what}>
      <Mark kind={what} />
      <span>
        {text}
        <span class="hidden">, {SPOKEN[what]}</span>
      </span>
    </li>
  );
  return (
    <section class="story" aria-label={`Story: ${one.title}`} data-act={now}>
      <div class="row">
        <h2 class="grow">{one.title}</h2>
        <Button kind="small" work={() => play(name)}>
          Once more
        </Button>
        <Button kind="small" work={leave}>
          Leave the story
        </Button>
      </div>
      <ol class="acts">
        {step(kind("prepare"), one.begins === "live" ? "A device is claimed and comes online." : "A device comes out of its box.")}
        {step(kind("break"), one.broken)}
        {one.mends ? step(kind("mend") === "busy" ? "busy" : now === "over" ? "done" : "open", one.mended) : null}
      </ol>
      {at >= 2 ? (
        <div class="meaning" aria-live="polite">
          <p>
            <Words text={one.means} />
          </p>
          {now === "see" && one.mends ? (
            <Button kind="primary" work={mend}>
              Mend it
            </Button>
          ) : null}
          {now === "over" ? <p><strong>Mended: it is live.</strong></p> : null}
          {now === "see" && !one.mends ? <p><strong>{one.ends === "live" ? "It came through by itself." : "It mends itself: watch it come back."}</strong></p> : null}
        </div>
      ) : <p class="small soft" aria-live="polite">{now === "prepare" ? "Setting the stage …" : "Watch the device meet it …"}</p>}
    </section>
  );
}
