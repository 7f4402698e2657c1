// The layered inspector: a list of frames, and everything in the one that is chosen.

import { useEffect, useRef, useState } from "preact/hooks";
import { useCell } from "../../app/cell";
import { dissect, watchFrames } from "../../app/frames";
import { note, route } from "../../app/route";
import { frames, phase, staleFrom, world } from "../../app/world";
import type { Dissection, Protocol, Summary } from "../../bridge/inspect";
import { Button, Card, Field, save, Term } from "../../parts/basics";
import { clockMs, count } from "../../parts/time";
import { FLAGS, PROTOCOLS, PURPOSES } from "../../words/layers";
import { Frame } from "./frame";

/** Rows that are drawn at a time. */
const SHOWN = 300;

export function Inspector() {
  const all = useCell(frames);
  const isReady = useCell(phase) === "ready";
  const { parameters } = useCell(route);
  const [protocol, purpose, text, chosen] = ["layer", "for", "find", "frame"].map((name) => parameters.get(name) ?? "");
  const [onlyProblems, setOnlyProblems] = useState(false);
  const [limit, setLimit] = useState(SHOWN);
  useEffect(() => (isReady ? watchFrames() : undefined), [isReady]);
  const words = (text ?? "").toLowerCase();
  const fits = (frame: Summary) =>
    (!protocol || frame.protocols.includes(protocol as Protocol)) && (!purpose || frame.purpose === purpose) && (!words || `${frame.text} ${frame.remark}`.toLowerCase().includes(words)) && (!onlyProblems || frame.flags.some((flag) => flag !== "encrypted") || frame.remark !== "");
  const found = all.filter(fits);
  return (
    <Card title="Every byte on the cable" aside={<Downloads isReady={isReady} />} kind="inspector">
      <p class="small soft">
        Each row is one Ethernet frame. Choose one to see what is in it, layer by layer. This page has the keys of both ends, so it can read what is encrypted on the cable; take the <Term name="pcap">.pcap</Term> and the <Term name="keyLog">key log</Term> along, and Wireshark shows the same.
      </p>
      <form class="line" onSubmit={(event) => event.preventDefault()}>
        <Field label="Layer" kind="narrow">
          <select value={protocol} onChange={(event) => note("layer", event.currentTarget.value)}>
            <option value="">all</option>
            {Object.entries(PROTOCOLS).map(([name, [title]]) => (
              <option key={name} value={name}>{title}</option>
            ))}
          </select>
        </Field>
        <Field label="For" kind="narrow">
          <select value={purpose} onChange={(event) => note("for", event.currentTarget.value)}>
            <option value="">everything</option>
            {Object.entries(PURPOSES).map(([name, title]) => (
              <option key={name} value={name}>{title}</option>
            ))}
          </select>
        </Field>
        <Field label="Contains" kind="grow">
          <input type="search" value={text} placeholder="such as CONNECT" onInput={(event) => note("find", event.currentTarget.value)} />
        </Field>
        <label class="check">
          <input type="checkbox" checked={onlyProblems} onChange={(event) => setOnlyProblems(event.currentTarget.checked)} />
          odd ones only
        </label>
      </form>
      <div class="panes">
        <List rows={found.slice(-limit)} chosen={chosen === "" || chosen === undefined ? null : Number(chosen)}>
          <p class="small soft">
            {count(found.length, "frame")}{found.length === all.length ? "" : ` of ${all.length}`}
            {found.length > limit ? (
              <button type="button" class="small quiet" onClick={() => setLimit(limit + SHOWN)}>
                Show earlier ones
              </button>
            ) : null}
          </p>
        </List>
        <Chosen id={chosen ? Number(chosen) : null} />
      </div>
    </Card>
  );
}

function Downloads({ isReady }: { isReady: boolean }) {
  return (
    <span class="row">
      <Button kind="small" disabled={!isReady} work={async () => save("playground.pcap", await world().inspector.pcap(), "application/vnd.tcpdump.pcap")}>
        .pcap
      </Button>
      <Button kind="small" disabled={!isReady} work={async () => save("playground.keys.txt", await world().inspector.keyLog(), "text/plain")}>
        Key log
      </Button>
      <Button kind="small" disabled={!isReady} label="Both in one .pcapng" work={async () => save("playground.pcapng", await world().inspector.pcapng(), "application/x-pcapng")}>
        Both in one
      </Button>
    </span>
  );
}

function List({ rows, chosen, children }: { rows: readonly Summary[]; chosen: number | null; children: preact.ComponentChildren }) {
  const list = useRef<HTMLOListElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    if (list.current && follows.current && chosen === null) list.current.scrollTop = list.current.scrollHeight;
  }, [rows.length, rows.at(-1)?.id]);
  const move = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
    const at = buttons.findIndex((button) => button === document.activeElement);
    if (!by || at < 0) return;
    event.preventDefault();
    const next = buttons[at + by];
    next?.focus();
    next?.click();
  };
  return (
    <div class="frames">
      {children}
      <ol ref={list} aria-label="Frames" onKeyDown={move} onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        follows.current = scrollHeight - scrollTop - clientHeight < 40;
      }}>
        {rows.length ? null : <li class="empty">No frame fits.</li>}
        {rows.map((frame) => (
          <Row key={frame.id} frame={frame} isChosen={frame.id === chosen} />
        ))}
      </ol>
    </div>
  );
}

function Row({ frame, isChosen }: { frame: Summary; isChosen: boolean }) {
  const odd = frame.flags.map((flag) => FLAGS[flag]).concat(frame.remark ? [frame.remark] : []).filter(Boolean);
  return (
    <li>
      <button type="button" class={`frame ${isChosen ? "chosen" : ""} ${frame.flags.some((flag) => flag === "malformed" || flag === "reset" || flag === "bad-checksum") || frame.remark ? "odd" : ""}`} aria-pressed={isChosen} data-frame={frame.id} onClick={() => note("frame", String(frame.id))}>
        <span class="mono time">{clockMs(frame.timeUs / 1_000)}</span>
        <span class="way" aria-label={frame.direction === "out" ? "from the device" : "to the device"}>{frame.direction === "out" ? "→" : "←"}</span>
        <span class={`layer ${frame.protocol}`}>{PROTOCOLS[frame.protocol][0]}</span>
        <span class="what">
          {frame.text}
          {odd.length ? <em> {odd.join(", ")}</em> : null}
        </span>
      </button>
    </li>
  );
}

function Chosen({ id }: { id: number | null }) {
  const [found, setFound] = useState<Dissection | null | "waiting">("waiting");
  const isReady = useCell(phase) === "ready";
  useEffect(() => {
    if (id === null || !isReady) return undefined;
    let isWanted = true;
    const look = () => void dissect(id).then((one) => isWanted && setFound(one)).catch(() => isWanted && setFound(null));
    look();
    const stop = staleFrom.watch((from) => from <= id && look());
    return () => {
      isWanted = false;
      stop();
    };
  }, [id, isReady]);
  if (id === null) return <div class="chosen-frame empty">Choose a frame on the left. The last ones come at the end of the list.</div>;
  if (found === "waiting") return <div class="chosen-frame empty">Reading …</div>;
  if (!found) return <div class="chosen-frame empty">This frame is not there: too old, or of another visit.</div>;
  return <Frame key={found.frame.id} dissection={found} />;
}

