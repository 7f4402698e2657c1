// Bytes in hexadecimal and as text, with those that a field is made of marked.

import { useEffect, useRef } from "preact/hooks";
import type { Source } from "../../bridge/inspect";
import { useNarrow } from "../../parts/narrow";

/** Lines that are shown at a time. */
const LINES = 40;

export function Hex({ source, start, end, isRevealed }: { source: Source; start: number; end: number; isRevealed: boolean }) {
  const pane = useRef<HTMLPreElement>(null);
  useEffect(() => {
    const mark = pane.current?.querySelector("mark");
    if (pane.current && mark) pane.current.scrollTop = Math.max(0, mark.offsetTop - pane.current.offsetTop - 40);
  }, [source, start, end]);
  const isNarrow = useNarrow();
  const across = isNarrow ? 8 : 16;
  const length = source.hex.length / 2;
  const first = Math.max(0, Math.min(Math.floor(start / across) - 2, Math.ceil(length / across) - LINES));
  const lines = Math.min(LINES, Math.ceil(length / across) - first);
  const isHidden = (at: number) => !isRevealed && source.hidden.some(([from, to]) => at >= from && at < to);
  const byte = (at: number) => (isHidden(at) ? "··" : source.hex.slice(at * 2, at * 2 + 2));
  const letter = (at: number) => {
    const code = Number.parseInt(source.hex.slice(at * 2, at * 2 + 2), 16);
    return isHidden(at) ? "·" : code >= 32 && code < 127 ? String.fromCharCode(code) : "·";
  };
  return (
    <figure class="hex">
      <figcaption class="small soft">
        {source.name}, {length} bytes{end > start ? `; marked: ${start} to ${end - 1}` : ""}
        {lines * across < length ? `; shown: ${first * across} to ${Math.min(length, (first + lines) * across) - 1}` : ""}
      </figcaption>
      <pre ref={pane} tabIndex={0} aria-label={`Bytes of the ${source.name}`}>
        {Array.from({ length: lines }, (_, line) => {
          const from = (first + line) * across;
          const to = Math.min(length, from + across);
          const row = (write: (at: number) => string, between: string) => marked(from, to, start, end, write, between);
          return (
            <span class="hex-line" key={from}>
              <span class="offset">{from.toString(16).padStart(4, "0")}</span>
              <span class="octets">{row(byte, " ")}</span>
              <span class="letters">{row(letter, "")}</span>
            </span>
          );
        })}
      </pre>
    </figure>
  );
}

/** A line in at most three parts: before, in, and behind what is marked. */
function marked(from: number, to: number, start: number, end: number, write: (at: number) => string, between: string) {
  const part = (low: number, high: number) => Array.from({ length: Math.max(0, high - low) }, (_, index) => write(low + index)).join(between);
  const [low, high] = [Math.min(Math.max(start, from), to), Math.min(Math.max(end, from), to)];
  const parts = [part(from, low), part(low, high), part(high, to)];
  return (
    <>
      {parts[0]}
      {parts[0] && parts[1] ? between : ""}
      {parts[1] ? <mark>{parts[1]}</mark> : null}
      {parts[2] && (parts[0] || parts[1]) ? between : ""}
      {parts[2]}
    </>
  );
}
