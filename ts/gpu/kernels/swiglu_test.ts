import { swiglu, swigluBackward, swigluGroups, twinSwiglu, twinSwigluBackward } from "./swiglu.ts";
import { numbers, SIZES, type Trial, tryKernel } from "./trial_test.ts";

const WIDTH = 36;

const trials = (kernel: typeof swiglu | typeof swigluBackward) =>
  SIZES.map((rows): Trial => {
    const gu = numbers(rows * 2 * WIDTH, 1).map((x) => 4 * x);
    const dy = numbers(rows * WIDTH, 2);
    const out = kernel === swiglu ? "y" : "dgu";
    const want = kernel === swiglu ? twinSwiglu(gu, WIDTH) : twinSwigluBackward(dy, gu, WIDTH);
    return {
      label: `${rows} rows`,
      kernel,
      buffers: {
        gu: Float32Array.from(gu),
        dy: Float32Array.from(dy),
        [out]: new Float32Array(want.length),
      },
      shape: { width4: WIDTH / 4 },
      pass: { rows },
      groups: () => swigluGroups(WIDTH),
      expected: { [out]: want },
    };
  });

tryKernel("swiglu", trials(swiglu), [
  ["exp(-v)", "exp(v)"],
  ["g * sigmoid(g)", "sigmoid(g)"],
  ["gu[at + shape.width4]", "gu[at]"],
]);

tryKernel("swiglu_backward", trials(swigluBackward), [
  ["(1.0 - s)", "(1.0 + s)"],
  ["d * u * s", "d * s"],
  ["d * g * s", "d * u * s"],
]);
