// The serial console: what the device says, and a line to type.

import { useEffect, useRef, useState } from "preact/hooks";
import { useCell } from "../../app/cell";
import { consoleText, power, world } from "../../app/world";
import { Card } from "../../parts/basics";
import { screen as screenOf } from "./terminal";

export function Console() {
  const text = useCell(consoleText);
  const isOn = useCell(power);
  const [line, setLine] = useState("");
  const screen = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    const pane = screen.current;
    if (pane && follows.current) pane.scrollTop = pane.scrollHeight;
  }, [text]);
  const send = (what: string) => {
    follows.current = true;
    world().device.console(what);
  };
  return (
    <Card title="Serial console" aside={<span class="soft small">as over a USB cable</span>}>
      <pre class="screen" ref={screen} tabIndex={0} role="log" aria-label="What the device says" onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        follows.current = scrollHeight - scrollTop - clientHeight < 24;
      }}>
        {screenOf(text) || "Nothing yet.\n"}
      </pre>
      <form class="line tight" onSubmit={(event) => {
        event.preventDefault();
        send(line);
        setLine("");
      }}>
        <label class="field grow">
          <span class="hidden">Line to type</span>
          <input class="mono" value={line} disabled={!isOn} autocomplete="off" autocapitalize="off" spellcheck={false} placeholder={isOn ? "help" : "the device is off"} onInput={(event) => setLine(event.currentTarget.value)} />
        </label>
        <button type="submit" disabled={!isOn}>
          Type
        </button>
      </form>
      <div class="row small">
        {["status", "help"].map((what) => (
          <button type="button" class="small" key={what} disabled={!isOn} onClick={() => send(what)}>
            {what}
          </button>
        ))}
        <button type="button" class="small" disabled={!isOn} onClick={() => world().device.reboot()}>
          reboot
        </button>
      </div>
    </Card>
  );
}
