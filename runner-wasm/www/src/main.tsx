// The claiming playground: draws the page, and starts the engine behind it.

import { render } from "preact";
import { App } from "./app/app";
import { follow } from "./app/cloud";
import { start, wantedSituation } from "./app/world";
import { playFromAddress } from "./views/scenarios/player";

const root = document.getElementById("app");
if (root) {
  root.replaceChildren();
  render(<App />, root);
}
follow();
start(wantedSituation(), { storage: "aclk", on: true })
  .then(() => playFromAddress())
  // The page says it.
  .catch(() => undefined);
