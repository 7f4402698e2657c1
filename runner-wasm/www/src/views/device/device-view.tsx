// The device: what a person standing before it can do.

import { Claim } from "./claim";
import { Console } from "./console";
import { Identity } from "./identity";
import { Settings } from "./settings";

export function DeviceView() {
  return (
    <div class="two">
      <div class="stack">
        <Claim />
        <Settings />
      </div>
      <div class="stack">
        <Console />
        <Identity />
      </div>
    </div>
  );
}
