import { copyRows, copyRowsGroups, twinCopyRows } from "./copy_rows.ts";
import { numbers, SIZES, type Trial, tryKernel } from "./trial_test.ts";

const WIDTH = 12;

tryKernel(
  "copy_rows",
  SIZES.map((count): Trial => {
    const pairs = Array.from({ length: count }, (_, i) => [i, 2 * count - i] as const);
    const y = numbers((2 * count + 1) * WIDTH, 1);
    const want = y.slice();
    twinCopyRows(want, pairs, WIDTH);
    return {
      label: `${count} rows`,
      kernel: copyRows,
      buffers: { pairs: Uint32Array.from(pairs.flat()), y: Float32Array.from(y) },
      shape: { width4: WIDTH / 4 },
      pass: { blocks: count },
      groups: () => copyRowsGroups(WIDTH),
      expected: { y: want },
    };
  }),
  [["y[pairs[2u * pair] *", "y[pairs[2u * pair + 1u] *"], [
    "pair >= pass_.blocks",
    "pair + 1u >= pass_.blocks",
  ]],
);
