import { adamw, twinAdamw } from "./adamw.ts";
import { fixedGroups, HYPER, type Hyper } from "./gradient_norm.ts";
import { numbers, SIZES, type Trial, tryKernel } from "./trial_test.ts";

const OPTIONS: Hyper = {
  lr: 0.1,
  beta1: 0.8,
  beta2: 0.9,
  eps: 0.01,
  weight_decay: 0.3,
  correct1: 1 - 0.8 ** 2,
  correct2: 1 - 0.9 ** 2,
  clip_norm: 1,
  weight: 1,
};

tryKernel(
  "adamw",
  SIZES.flatMap((rows) =>
    [1, 0].map((good): Trial => {
      const [w, m, g] = [numbers(4 * rows, 1), numbers(4 * rows, 2), numbers(4 * rows, 3)];
      const v = numbers(4 * rows, 4).map((x) => x * x);
      const after = [w, m, v].map((x) => x.slice()) as [Float64Array, Float64Array, Float64Array];
      if (good) twinAdamw(...after, g, 0.5, OPTIONS);
      return {
        label: `${rows} of 4, good ${good}`,
        kernel: adamw,
        buffers: {
          w: Float32Array.from(w),
          m: Float32Array.from(m),
          v: Float32Array.from(v),
          g: Float32Array.from(g),
          hyper: Float32Array.from(HYPER, (name) => OPTIONS[name]),
          norm: Float32Array.of(2, 0.5, good, 0),
        },
        shape: { count4: rows },
        pass: {},
        groups: () => fixedGroups(rows),
        expected: { w: after[0], m: after[1], v: after[2], g: g.map(() => 0) },
      };
    })
  ),
  [
    ["g[i] * norm[1]", "g[i]"],
    ["(1.0 - b1)", "b1"],
    ["(1.0 - b2) * g_i", "(1.0 - b2)"],
    ["w[i] - lr", "w[i] + lr"],
    ["v_i / hyper", "v_i * hyper"],
    ["sqrt(", "("],
    ["norm[2] != 1.0", "false"],
    ["g[i] = vec4f(0.0)", "g[i] = g_i"],
  ],
);
