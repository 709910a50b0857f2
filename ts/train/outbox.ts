/**
 * Events for one reader. `put` is kept only when the reader asks for the next one, so by then it has done
 * with this; `hint` never waits, and only the latest is kept for a slow reader.
 */
export class Outbox<E> implements AsyncIterable<E> {
  readonly #items: { readonly event: E; readonly taken: () => void }[] = [];
  #hint: E | undefined;
  #wake: (() => void) | undefined;
  #ended = false;

  put(event: E): Promise<void> {
    return new Promise((taken) => {
      this.#items.push({ event, taken });
      this.#wake?.();
    });
  }

  hint(event: E): void {
    this.#hint = event;
    this.#wake?.();
  }

  /** What was put is still read; nothing comes after it. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<E> {
    while (true) {
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#hint = undefined;
        yield item.event;
        item.taken();
      } else if (this.#hint !== undefined) {
        const hint = this.#hint;
        this.#hint = undefined;
        yield hint;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((wake) => this.#wake = wake);
        this.#wake = undefined;
      }
    }
  }
}
