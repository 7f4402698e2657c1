// The frames that passed the cable, as the inspector tells of them: read in portions, a few times a second at most.

import type { Dissection, Summary } from "../bridge/inspect";
import { frameCount, frames, phase, staleFrom, world } from "./world";

/** Frames that the page remembers. */
const KEPT = 5_000;
const EVERY_MS = 250;

let timer: ReturnType<typeof setTimeout> | null = null;
let isReading = false;
let isMissed = false;

/** Keeps `frames` true for as long as somebody looks; yields what ends that. */
export function watchFrames(): () => void {
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = null;
      void read();
    }, EVERY_MS);
  };
  const stops = [frameCount.watch(soon), staleFrom.watch((from) => from < Infinity && soon()), phase.watch(soon)];
  void read();
  return () => {
    for (const stop of stops) stop();
    if (timer) clearTimeout(timer);
    timer = null;
  };
}

async function read(): Promise<void> {
  if (phase.value !== "ready") return;
  if (isReading) {
    isMissed = true;
    return;
  }
  isReading = true;
  try {
    for (;;) {
      const before = frames.value;
      // A key log comes after the frames that it opens: those are read again.
      const from = Math.min(staleFrom.value, (before.at(-1)?.id ?? -1) + 1);
      staleFrom.set(Infinity);
      const more = await world().inspector.frames(from);
      // Another world may have begun meanwhile.
      if (frames.value !== before) break;
      const kept = before.filter(({ id }) => id < from);
      frames.set([...kept, ...more].slice(-KEPT));
      if (more.length < 1_000) break;
    }
  } catch {
    // The world has ended; the next one is read when it is there.
  } finally {
    isReading = false;
    if (isMissed) {
      isMissed = false;
      void read();
    }
  }
}

export const dissect = (id: number): Promise<Dissection | null> => world().inspector.dissect(id);
