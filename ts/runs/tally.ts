import type { Score } from "../evaluate/mod.ts";
import type { Evaluation, RolloutRow } from "../train/mod.ts";
import { layout } from "./layout.ts";
import { readRows } from "./rows.ts";
import { readObject, type Summary } from "./run.ts";

/** Gathers a run's summary while it goes on; knows what an interrupted run had already gathered. */
export class Tally {
  step = 0;
  device = "";
  infrastructure_rate: number | undefined;
  readonly #seed: number;
  readonly #temperature: number;
  readonly #began_ms = performance.now();
  #earlier_s = 0;
  #before: Score | null = null;
  #after: Score | null = null;
  #judged = 0;
  #spoilt = 0;

  private constructor(options: { readonly seed: number; readonly temperature: number }) {
    this.#seed = options.seed;
    this.#temperature = options.temperature;
  }

  static async open(
    folder: string,
    options: { readonly seed: number; readonly temperature: number },
  ): Promise<Tally> {
    const tally = new Tally(options);
    const at = layout(folder);
    const events = await readRows(at.events);
    const summary = await readObject(at.summary) as Partial<Summary> | undefined;
    tally.#earlier_s = summary?.seconds ?? spanOf(events.map((event) => String(event["at"])));
    for (const event of events) {
      if (event["event"] === "evaluation") {
        tally.evaluated(event["data"] as Omit<Evaluation, "samples">);
      }
      if (event["event"] === "metrics") {
        tally.step = (event["data"] as { readonly step: number }).step;
      }
    }
    return tally;
  }

  evaluated({ when, temperature, score }: Omit<Evaluation, "samples">): void {
    if (temperature !== this.#temperature) return;
    if (when === "before") this.#before = score;
    if (when === "after") this.#after = score;
  }

  rolled(rows: readonly RolloutRow[]): void {
    this.#judged += rows.length;
    this.#spoilt += rows.filter(({ reward }) => reward === null).length;
  }

  summary(status: Summary["status"], error?: string): Summary {
    return {
      status,
      steps: this.step,
      seconds: this.#earlier_s + (performance.now() - this.#began_ms) / 1000,
      seed: this.#seed,
      device: this.device,
      before: this.#before,
      after: this.#after,
      infrastructure_rate: this.infrastructure_rate ??
        (this.#judged === 0 ? 0 : this.#spoilt / this.#judged),
      ...(error === undefined ? {} : { error }),
    };
  }
}

/** Seconds from the first of these times to the last. */
const spanOf = (times: readonly string[]): number => {
  const [first, last] = [times[0], times.at(-1)];
  return first === undefined || last === undefined
    ? 0
    : (Date.parse(last) - Date.parse(first)) / 1000;
};
