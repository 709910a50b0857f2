import {
  chunkSum,
  chunkSumGroups,
  COLUMN_CHUNK,
  columnSum,
  columnSumGroups,
  twinColumnSum,
} from "./column_sum.ts";
import { laidOut, numbers, SIZES, type Trial, tryKernel } from "./trial_test.ts";

const WIDTH = 37;

const chunked = (x: Float64Array): Float64Array[] => {
  const chunks: Float64Array[] = [];
  for (let at = 0; at < x.length; at += COLUMN_CHUNK * WIDTH) {
    const sum = new Float64Array(WIDTH);
    twinColumnSum(sum, x.subarray(at, at + COLUMN_CHUNK * WIDTH));
    chunks.push(sum);
  }
  return chunks;
};

tryKernel(
  "chunk_sum",
  SIZES.map((rows): Trial => {
    const x = numbers(rows * WIDTH, 1);
    const chunks = chunked(x);
    return {
      label: `${rows} rows`,
      kernel: chunkSum,
      buffers: {
        x: laidOut(x, WIDTH, WIDTH + 3),
        partial: new Float32Array(chunks.length * WIDTH),
      },
      shape: { width: WIDTH, stride: WIDTH + 3, chunk: COLUMN_CHUNK },
      pass: { rows },
      groups: () => chunkSumGroups(WIDTH),
      expected: { partial: chunks.flatMap((sum) => [...sum]) },
    };
  }),
  [
    ["row * shape.stride", "row * shape.width"],
    ["min(first + shape.chunk, pass_.rows)", "pass_.rows"],
    ["sum += x", "sum = x"],
  ],
);

tryKernel(
  "column_sum",
  SIZES.flatMap((rows) =>
    [1, 3].map((per_row): Trial => {
      const x = numbers(rows * per_row * WIDTH, 1);
      const total = numbers(WIDTH, 2);
      const want = total.slice();
      twinColumnSum(want, x);
      return {
        label: `${rows} rows of ${per_row}`,
        kernel: columnSum,
        buffers: {
          partial: Float32Array.from(chunked(x).flatMap((sum) => [...sum])),
          total: Float32Array.from(total),
        },
        shape: { width: WIDTH, per_row, chunk: COLUMN_CHUNK },
        pass: { rows },
        groups: () => columnSumGroups(WIDTH),
        expected: { total: want },
      };
    })
  ),
  [["var sum = total[i]", "var sum = 0.0"], ["* shape.per_row", ""], ["c < chunks", "c < 1u"]],
);
