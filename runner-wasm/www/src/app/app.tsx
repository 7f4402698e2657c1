import { Administrator } from "../views/administrator";
import { Budget } from "../views/budget";
import { Campaign } from "../views/campaign";
import { CloudView } from "../views/cloud/cloud-view";
import { DeviceView } from "../views/device/device-view";
import { Faults } from "../views/faults/faults";
import { LinkView } from "../views/link/link-view";
import { Scenarios } from "../views/scenarios/scenarios";
import { useCell } from "./cell";
import { route, type View } from "./route";
import { Shell } from "./shell";

const SHOWN: Readonly<Record<View, () => preact.JSX.Element | null>> = {
  administrator: Administrator,
  device: DeviceView,
  link: LinkView,
  cloud: CloudView,
  faults: Faults,
  scenarios: Scenarios,
  budget: Budget,
  campaign: Campaign,
};

export function App() {
  const Shown = SHOWN[useCell(route).view];
  return (
    <Shell>
      <Shown />
    </Shell>
  );
}
