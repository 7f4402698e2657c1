// How the link comes up: as a state machine, as steps, as a talk between machines, and byte by byte.

import { note, route } from "../../app/route";
import { useCell } from "../../app/cell";
import { Inspector } from "./inspector";
import { Machine } from "./machine";
import { Problem } from "./problem";
import { Sequence } from "./sequence";
import { Steps } from "./steps";

const PANES = [["way", "The way up"], ["talk", "Who says what"], ["bytes", "Every byte"]] as const;

export function LinkView() {
  const wanted = useCell(route).parameters.get("show");
  const chosen = PANES.find(([name]) => name === wanted)?.[0] ?? "way";
  return (
    <>
      <div class="tabs" role="tablist" aria-label="How to look at the link">
        {PANES.map(([name, title]) => (
          <button key={name} type="button" role="tab" id={`tab-${name}`} aria-controls="pane" aria-selected={name === chosen} tabIndex={name === chosen ? 0 : -1} onClick={() => note("show", name)} onKeyDown={(event) => step(event, name)}>
            {title}
          </button>
        ))}
      </div>
      <div id="pane" class="stack" role="tabpanel" aria-labelledby={`tab-${chosen}`}>
        {chosen === "talk" ? <Sequence /> : chosen === "bytes" ? <Inspector /> : (
          <>
            <Machine />
            <Problem />
            <Steps />
          </>
        )}
      </div>
    </>
  );
}

/** Arrow keys go from tab to tab. */
function step(event: KeyboardEvent, from: string): void {
  const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (!by) return;
  const at = PANES.findIndex(([name]) => name === from);
  const [name] = PANES[(at + by + PANES.length) % PANES.length] ?? PANES[0];
  note("show", name);
  document.getElementById(`tab-${name}`)?.focus();
}
