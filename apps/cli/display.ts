import process from "node:process";
import { widthOf } from "./output.ts";

/** What is shown of a run that goes on. What a method does not have stays undefined. */
export interface Progress {
  readonly step: number;
  readonly steps: number;
  /** What the step is at: sampling, judging, updating, evaluating. */
  readonly stage?: string | undefined;
  /** Part of the stage that is done, in [0, 1]. */
  readonly part?: number | undefined;
  readonly loss?: number | undefined;
  readonly reward?: number | undefined;
  /** Share of passes by target language, in [0, 1]. */
  readonly pass?: Readonly<Record<string, number>> | undefined;
  readonly verdicts?: Readonly<Record<string, number>> | undefined;
  readonly tokens_per_s?: number | undefined;
  readonly left_s?: number | undefined;
}

/**
 * Progress on stderr: on a terminal one line that is rewritten, elsewhere a plain line at every step, so
 * that a log reads like one.
 */
export class Display {
  readonly #stream: NodeJS.WriteStream;
  readonly #terminal: boolean;
  #shown = false;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
    this.#terminal = stream.isTTY === true;
  }

  /** Something small has moved; plain logs do not show it. */
  tick(progress: Progress): void {
    if (!this.#terminal) return;
    this.#stream.write(`\r\u001b[K${barLine(progress, widthOf(this.#stream) - 1)}`);
    this.#shown = true;
  }

  /** A step is done. */
  step(progress: Progress): void {
    if (this.#terminal) this.tick(progress);
    else this.#stream.write(plainLine(progress) + "\n");
  }

  /** A line that stays. */
  line(text: string): void {
    this.clear();
    this.#stream.write(text + "\n");
  }

  /** Takes the bar away, so that what follows starts on a clean line. */
  clear(): void {
    if (this.#shown) this.#stream.write("\r\u001b[K");
    this.#shown = false;
  }
}

/** `step 3/12 [=====>      ] sampling 40 % | reward 0.42 | ...`, cut at `width` columns. */
export const barLine = (progress: Progress, width: number): string => {
  const { step, steps, stage, part } = progress;
  const cells = 16;
  const done = steps === 0 ? 1 : Math.min(1, Math.max(0, (step - 1 + (part ?? 1)) / steps));
  const full = Math.round(cells * done);
  const bar = `[${"=".repeat(full)}${" ".repeat(cells - full)}]`;
  const at = stage === undefined
    ? ""
    : ` ${stage}${part === undefined ? "" : ` ${percent(part)} %`}`;
  const text = [`step ${step}/${steps} ${bar}${at}`, ...facts(progress)].join(" | ");
  return [...text].slice(0, Math.max(0, width)).join("");
};

export const plainLine = (progress: Progress): string =>
  [`step ${progress.step}/${progress.steps}`, ...facts(progress)].join(" | ");

/** `2:05` or `1:02:05`. */
export const clock = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number): string => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
};

const facts = ({ loss, reward, pass, verdicts, tokens_per_s, left_s }: Progress): string[] => [
  ...(loss === undefined ? [] : [`loss ${loss.toFixed(4)}`]),
  ...(reward === undefined ? [] : [`reward ${reward.toFixed(3)}`]),
  ...(pass === undefined || Object.keys(pass).length === 0
    ? []
    : [`pass % ${
      Object.entries(pass).map(([name, share]) => `${name} ${percent(share)}`).join(" ")
    }`]),
  ...(verdicts === undefined || Object.keys(verdicts).length === 0
    ? []
    : [Object.entries(verdicts).map(([name, count]) => `${name} ${count}`).join(" ")]),
  ...(tokens_per_s === undefined ? [] : [`${Math.round(tokens_per_s)} tokens/s`]),
  ...(left_s === undefined ? [] : [`${clock(left_s)} left`]),
];

const percent = (share: number): string => (100 * share).toFixed(0);
