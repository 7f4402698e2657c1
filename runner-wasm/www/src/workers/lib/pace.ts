// Calls something when it wants to be called, without ever keeping the worker from hearing messages.

/** The longest time that a timer takes. */
const LONGEST_MS = 60_000;

/** Calls `step` now and then: it says in how many milliseconds it wants to be called again, unless `wake` comes before. */
export class Pace {
  readonly #step: () => number;
  readonly #atOnce = new MessageChannel();
  #isAsked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(step: () => number) {
    this.#step = step;
    // A message takes no time, unlike a timer of 0 ms, and others have their turn in between.
    this.#atOnce.port1.onmessage = () => this.#run();
  }

  /** Something has happened. */
  wake(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    clearTimeout(this.#timer);
    this.#atOnce.port2.postMessage(null);
  }

  #run(): void {
    this.#isAsked = false;
    const ms = this.#step();
    if (ms <= 0) {
      this.wake();
    } else if (!this.#isAsked) {
      this.#timer = setTimeout(() => this.wake(), Math.min(Math.ceil(ms), LONGEST_MS));
    }
  }
}

/** What an error says, for the page. */
export function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error is a panic of the library, after which it is in no state to go on. */
export function isPanic(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || said(error).startsWith("panicked at ");
}
