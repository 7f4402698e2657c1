// What is around every view: the bar, the bench with device, cable and Cloud, and the way for the first visit.

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Notices } from "../parts/notices";
import { Bench } from "./bench";
import { useCell } from "./cell";
import { glance } from "./glance";
import { Guide } from "./guide";
import { href, route, type View, VIEWS } from "./route";
import { fatal, phase, plugged, power, state, story } from "./world";
import { StoryBar } from "../views/scenarios/story-bar";
import { Pill } from "../parts/basics";

export const TITLES: Readonly<Record<View, string>> = {
  administrator: "Administrator", device: "Device", link: "Link", cloud: "Cloud", faults: "Faults", scenarios: "Scenarios", budget: "Budget", campaign: "Campaign",
};

export function Shell({ children }: { children: ComponentChildren }) {
  const { view } = useCell(route);
  const now = glance(useCell(power), useCell(plugged), useCell(state));
  const where = useCell(phase);
  const broken = useCell(fatal);
  const playing = useCell(story);
  const links = useRef<HTMLElement>(null);
  // Another view begins at its top; what looks for a place of its own in it does so later.
  useLayoutEffect(() => scrollTo(0, 0), [view]);
  useEffect(() => {
    links.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [view]);
  useEffect(() => {
    document.title = `${TITLES[view]} · ${where === "ready" ? now.title : "Claiming playground"}`;
  });
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => {
        // The fragment is the address of the view.
        event.preventDefault();
        document.getElementById("main")?.focus();
      }}>
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href={href("administrator")}>
          <img src="icon.svg" alt="" width="28" height="28" />
          <span>Claiming playground</span>
        </a>
        <nav aria-label="Views" ref={links}>
          {VIEWS.map((one) => (
            <a key={one} href={href(one)} aria-current={one === view ? "page" : undefined}>
              {TITLES[one]}
            </a>
          ))}
        </nav>
        <span class="now" role="status">
          <Pill kind={where === "ready" ? now.kind : "wait"}>{where === "ready" ? now.title : "Loading"}</Pill>
        </span>
      </header>
      <Notices />
      <div class="top">
        {broken && where !== "failed" ? <p class="problem" role="alert"><strong>A part of the playground has failed.</strong> {broken} Reload the page to start it again.</p> : null}
        {playing ? <StoryBar name={playing} /> : null}
        <Bench />
        {playing ? null : <Guide />}
      </div>
      <main id="main" tabIndex={-1} data-view={view}>
        <h1 class="hidden">{TITLES[view]}</h1>
        {where === "failed" ? (
          <section class="card">
            <h2>The playground could not start</h2>
            <p>{broken}</p>
            <p class="soft">It needs a browser of the last years with WebAssembly and Web Workers, and all of its files beside this page.</p>
          </section>
        ) : children}
      </main>
    </>
  );
}
