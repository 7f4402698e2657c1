// Campaigns: thousands of handshakes in virtual time, shared by several workers.

import type { Emit } from "./playground";
import type { CampaignCoverage, CampaignOptions, CampaignProgress, CampaignTranscript, CampaignViolation } from "./types";

/** Workers at most. */
const WORKERS = 8;

/** To a worker of a campaign. */
export type ToCampaign =
  | { type: "boot"; engine: WebAssembly.Module }
  | { type: "run"; seed: number; count: number }
  | { type: "replay"; seed: number };

/** From it. */
export type FromCampaign =
  | { type: "ran"; done: number; handshakes: number; virtualMs: number; violations: CampaignViolation[]; coverage: CampaignCoverage; finished: boolean }
  | { type: "transcript"; transcript: CampaignTranscript }
  | { type: "fatal"; message: string };

export class Campaign {
  readonly #engine: WebAssembly.Module;
  readonly #emit: Emit;
  readonly #base: string;
  #workers: Worker[] = [];

  constructor(engine: WebAssembly.Module, emit: Emit, base: string) {
    this.#engine = engine;
    this.#emit = emit;
    this.#base = base;
  }

  /** Runs a campaign to its end, and tells of it meanwhile as `campaign-progress`. One that runs already is stopped. */
  async run({ seed, count, workers }: CampaignOptions): Promise<CampaignProgress> {
    this.stop();
    const many = Math.max(1, Math.min(workers ?? navigator.hardwareConcurrency, WORKERS, count));
    const begun = performance.now();
    const reports: (FromCampaign & { type: "ran" })[] = [];
    const progress = (): CampaignProgress => {
      const sum = (of: (report: FromCampaign & { type: "ran" }) => number) => reports.reduce((all, report) => all + of(report), 0);
      return {
        done: sum((report) => report.done),
        count,
        handshakes: sum((report) => report.handshakes),
        virtualMs: sum((report) => report.virtualMs),
        violations: reports.flatMap((report) => report.violations).sort((one, other) => one.seed - other.seed),
        coverage: together(reports.map((report) => report.coverage)),
        elapsedMs: performance.now() - begun,
        finished: reports.filter((report) => report.finished).length === many,
      };
    };
    const shares = Array.from({ length: many }, (_, index) => Math.floor((count * (index + 1)) / many) - Math.floor((count * index) / many));
    let first = seed;
    await Promise.all(
      shares.map((share, index) => {
        const worker = this.#worker();
        const begin = first;
        first += share;
        return new Promise<void>((resolve, reject) => {
          this.#hear(worker, reject, (message) => {
            if (message.type !== "ran") return;
            reports[index] = message;
            if (message.finished) {
              worker.terminate();
              resolve();
            }
            if (reports.filter(Boolean).length > 0) this.#emit("campaign-progress", progress());
          });
          this.#send(worker, { type: "run", seed: begin, count: share });
        });
      }),
    );
    this.#workers = [];
    return progress();
  }

  /** One run of a campaign again, step by step. */
  async replay(seed: number): Promise<CampaignTranscript> {
    const worker = this.#worker();
    try {
      return await new Promise((resolve, reject) => {
        this.#hear(worker, reject, (message) => message.type === "transcript" && resolve(message.transcript));
        this.#send(worker, { type: "replay", seed });
      });
    } finally {
      worker.terminate();
      this.#workers = this.#workers.filter((one) => one !== worker);
    }
  }

  /** Ends what runs, without a result. */
  stop(): void {
    for (const worker of this.#workers) worker.terminate();
    this.#workers = [];
  }

  #worker(): Worker {
    const worker = new Worker(new URL("./workers/campaign.js", this.#base), { type: "module", name: "campaign" });
    this.#workers.push(worker);
    this.#send(worker, { type: "boot", engine: this.#engine });
    return worker;
  }

  #hear(worker: Worker, reject: (error: Error) => void, take: (message: FromCampaign) => void): void {
    const failed = (message: string) => {
      this.#emit("fatal", { where: "campaign", message });
      reject(new Error(message));
    };
    worker.onmessage = ({ data }: MessageEvent<FromCampaign>) => (data.type === "fatal" ? failed(data.message) : take(data));
    worker.onerror = (error) => failed(error.message);
  }

  #send(worker: Worker, message: ToCampaign): void {
    worker.postMessage(message);
  }
}

/** All of them as one. */
function together(parts: CampaignCoverage[]): CampaignCoverage {
  const [first] = parts.filter(Boolean);
  if (first === undefined) return { states: [], events: [], faults: [], stateEvents: [], stateFaults: [] };
  const sum = (of: (part: CampaignCoverage) => number[][]) =>
    of(first).map((row, y) => row.map((_, x) => parts.reduce((all, part) => all + (part === undefined ? 0 : (of(part)[y]?.[x] ?? 0)), 0)));
  return { ...first, stateEvents: sum((part) => part.stateEvents), stateFaults: sum((part) => part.stateFaults) };
}
