/** A linear map of [from] onto [to]; a span of nothing lands in the middle. */
export const linear = (
  [low, high]: readonly [number, number],
  [first, last]: readonly [number, number],
): (value: number) => number =>
(value) =>
  high === low ? (first + last) / 2 : first + (value - low) / (high - low) * (last - first);

/** About `count` round numbers (1, 2 or 5 times a power of ten) that reach around [low, high]. */
export const ticks = (low: number, high: number, count: number): number[] => {
  if (high === low) {
    const room = low === 0 ? 1 : Math.abs(low) / 2;
    return ticks(low - room, high + room, count);
  }
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  // Counted, not added up: a sum of tenths drifts off the round numbers.
  return Array.from(
    { length: last - first + 1 },
    (_, i) => Number(((first + i) * step).toPrecision(12)),
  );
};
