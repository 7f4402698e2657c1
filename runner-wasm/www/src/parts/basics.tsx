// Small pieces that every view is made of.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { TERMS, type TermName } from "../words/terms";
import { notify } from "./notices";

export function Card({ title, aside, id, kind = "", children }: { title?: ComponentChildren; aside?: ComponentChildren; id?: string; kind?: string; children: ComponentChildren }) {
  const heading = useId();
  return (
    <section class={`card ${kind}`} id={id} aria-labelledby={title ? heading : undefined}>
      {title ? (
        <header>
          <h2 id={heading}>{title}</h2>
          {aside}
        </header>
      ) : null}
      {children}
    </section>
  );
}

/** A word of the field; pressed, it says what it means. */
export function Term({ name, children }: { name: TermName; children?: ComponentChildren }) {
  const [title, text] = TERMS[name];
  const [isOpen, setOpen] = useState(false);
  const place = useRef<HTMLSpanElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    if (!isOpen) return undefined;
    const away = (event: Event) => {
      if (!(event.target instanceof Node) || !place.current?.contains(event.target)) setOpen(false);
    };
    const key = (event: KeyboardEvent) => event.key === "Escape" && setOpen(false);
    document.addEventListener("pointerdown", away);
    document.addEventListener("keydown", key);
    fit(place.current?.querySelector(".tip"));
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("keydown", key);
    };
  }, [isOpen]);
  return (
    <span class="term" ref={place}>
      <button type="button" class="word" aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
        {children ?? title}
      </button>
      <span class="tip" id={id} role="note" hidden={!isOpen}>
        <strong>{title}</strong> {text}
      </span>
    </span>
  );
}

/** Moves a tip that would stick out of the window back into it. */
function fit(tip: Element | null | undefined): void {
  if (!(tip instanceof HTMLElement)) return;
  tip.style.translate = "0";
  const { left, right } = tip.getBoundingClientRect();
  const width = document.documentElement.clientWidth;
  if (right > width - 8) tip.style.translate = `${Math.round(width - 8 - right)}px`;
  else if (left < 8) tip.style.translate = `${Math.round(8 - left)}px`;
}

/** A label with its field in it, and a line that explains it. Words to press belong into the line: a label is for its field. */
export function Field({ label, help, kind = "", children }: { label: string; help?: ComponentChildren; kind?: string; children: ComponentChildren }) {
  return (
    <div class={`field ${kind}`}>
      <label>
        <span>{label}</span>
        {children}
      </label>
      {help ? <p class="help">{help}</p> : null}
    </div>
  );
}

/** What a state looks like to those who do not see colours. */
export type Kind = "done" | "failed" | "busy" | "open" | "idle";
const PATHS: Readonly<Record<Kind, string>> = { done: "M4 8.5l2.6 2.6L12 5.5", failed: "M5 5l6 6M11 5l-6 6", busy: "M8 4.6V8l2.3 1.6", idle: "M5 8h6", open: "" };
export const SPOKEN: Readonly<Record<Kind, string>> = { done: "done", failed: "failed", busy: "under way", open: "not reached", idle: "idle" };

export function Mark({ kind }: { kind: Kind }) {
  return (
    <svg class={`mark ${kind}`} viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="7" />
      {PATHS[kind] ? <path d={PATHS[kind]} /> : null}
    </svg>
  );
}

export function Pill({ kind, children }: { kind: "good" | "bad" | "wait" | "idle"; children: ComponentChildren }) {
  return <span class={`pill ${kind}`}>{children}</span>;
}

/** Text in which what stands between backticks is a program's own words. */
export function Words({ text }: { text: string }) {
  return <>{text.split("`").map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part))}</>;
}

export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify("Copied.");
  } catch {
    notify("The browser does not let this page copy. Select the text instead.", true);
  }
}

export function CopyButton({ text, children = "Copy", kind = "" }: { text: string; children?: ComponentChildren; kind?: string }) {
  return (
    <button type="button" class={kind} onClick={() => void copy(text)}>
      {children}
    </button>
  );
}

/** A button that waits while it works, and tells what went wrong. */
export function Button({ work, done, children, ...rest }: { work: () => unknown; done?: string; kind?: string; children: ComponentChildren; disabled?: boolean; label?: string; submit?: boolean }) {
  const [isBusy, setBusy] = useState(false);
  const press = async () => {
    setBusy(true);
    try {
      await work();
      if (done) notify(done);
    } catch (error) {
      notify(error instanceof Error ? error.message : String(error), true);
    } finally {
      setBusy(false);
    }
  };
  return (
    <button type="button" class={rest.kind} aria-label={rest.label} disabled={isBusy || rest.disabled} onClick={() => void press()}>
      {children}
    </button>
  );
}

/** Hands a file to the person. */
export function save(name: string, content: Uint8Array | string, type: string): void {
  const url = URL.createObjectURL(new Blob([content as BlobPart], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A switch with two positions. */
export function Switch({ on, set, children, disabled = false }: { on: boolean; set: (on: boolean) => void; children: ComponentChildren; disabled?: boolean }) {
  return (
    <button type="button" role="switch" class="switch" aria-checked={on} disabled={disabled} onClick={() => set(!on)}>
      <span class="track" aria-hidden="true" />
      <span>{children}</span>
    </button>
  );
}

/** What somebody has to confirm. */
export function Confirm({ title, text, verb, onYes, onNo }: { title: string; text: string; verb: string; onYes: () => void; onNo: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-label={title} onClose={onNo}>
      <h2>{title}</h2>
      <p class="soft">{text}</p>
      <div class="row end">
        <button type="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button type="button" class="danger" onClick={onYes}>
          {verb}
        </button>
      </div>
    </dialog>
  );
}
