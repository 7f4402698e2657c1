// One value that others watch. All that the page knows of the engine is in such cells.

import { useEffect, useLayoutEffect, useState } from "preact/hooks";

export class Cell<T> {
  #value: T;
  readonly #watchers = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const watcher of [...this.#watchers]) watcher(value);
  }

  change(how: (value: T) => T): void {
    this.set(how(this.#value));
  }

  watch(watcher: (value: T) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

/** The value of a cell, for a component that is drawn anew when it changes. */
export function useCell<T>(cell: Cell<T>): T {
  const [, draw] = useState({});
  const drawn = cell.value;
  useLayoutEffect(() => {
    // It may have changed since it was drawn.
    if (!Object.is(drawn, cell.value)) draw({});
    return cell.watch(() => draw({}));
  }, [cell]);
  return drawn;
}

/** Draws the component anew so often, for what counts seconds; `null`: not at all. */
export function useTick(everyMs: number | null): void {
  const [, draw] = useState({});
  useEffect(() => {
    if (everyMs === null) return undefined;
    const timer = setInterval(() => draw({}), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
}
