import {
  type Device,
  type Dispatch,
  matmulNN,
  matmulNNGroups,
  matmulNT,
  matmulNTGroups,
  matmulTN,
  matmulTNGroups,
  part,
  type Slice,
  type WeightFormat,
  weightStride,
} from "../gpu/mod.ts";

/** A matrix of the model at work: Y = X W^T (+ LoRA), and what its gradients need. */
export interface Projection {
  /** W (outputs, inputs), padded; several where one binding cannot hold it. */
  readonly shards: readonly Shard[];
  readonly format: WeightFormat;
  readonly inputs: number;
  readonly outputs: number;
  readonly adapters: readonly Adapter[];
}

/** Rows `start` to `start + outputs` of a matrix. */
export interface Shard {
  readonly weight: Slice;
  /** Gradient of these rows; absent when they are frozen. */
  readonly gradient?: Slice | undefined;
  readonly start: number;
  readonly outputs: number;
}

/** Low-rank addition scale * X A^T B^T to some of a projection's outputs (Hu et al. 2021). */
export interface Adapter {
  readonly a: Slice; // (rank, inputs)
  readonly b: Slice; // (outputs, rank)
  readonly rank: number; // padded to a multiple of 4
  readonly scale: number;
  readonly start: number; // of its outputs among the projection's
  readonly outputs: number;
  readonly down: Slice; // X A^T (N, rank), kept for the backward pass
  readonly gradient_a?: Slice | undefined;
  readonly gradient_b?: Slice | undefined;
}

/** Rows of the pass that the buffers hold: all, or a chunk of the logits. */
export interface Rows {
  readonly row0: number;
  readonly rows_max: number;
}

/** What is added to the product: a residual stream (stride of a row), or a bias (stride 0). */
export interface Added {
  readonly a: Slice;
  readonly stride: number;
}

/** x (N, inputs) -> y (N, outputs). */
export const project = (
  device: Device,
  p: Projection,
  { x, y, add, rows }: { x: Slice; y: Slice; add?: Added | undefined; rows: Rows },
): Dispatch[] => {
  const groups = (columns: number) =>
    matmulNTGroups(device.lanes, columns, rows.row0, rows.rows_max);
  const list = p.shards.map(({ weight, start, outputs }) =>
    device.dispatch(matmulNT(p.format), { x, w: weight, a: add ? from(add.a, start) : weight, y }, {
      ...rows,
      columns: outputs,
      depth4: p.inputs / 4,
      x_start4: 0,
      x_stride4: p.inputs / 4,
      w_stride: weightStride(p.format, p.inputs),
      y_start: start,
      y_stride: p.outputs,
      a_stride: add?.stride ?? 0,
      mode: add ? 1 : 0,
      alpha: 1,
    }, groups(outputs))
  );
  for (const { a, b, rank, scale, start, outputs, down } of p.adapters) {
    const common = { ...rows, x_start4: 0, a_stride: 0 };
    list.push(
      device.dispatch(matmulNT(), { x, w: a, a, y: down }, {
        ...common,
        columns: rank,
        depth4: p.inputs / 4,
        x_stride4: p.inputs / 4,
        w_stride: p.inputs / 4,
        y_start: 0,
        y_stride: rank,
        mode: 0,
        alpha: 1,
      }, groups(rank)),
      device.dispatch(matmulNT(), { x: down, w: b, a: b, y }, {
        ...common,
        columns: outputs,
        depth4: rank / 4,
        x_stride4: rank / 4,
        w_stride: rank / 4,
        y_start: start,
        y_stride: p.outputs,
        mode: 2,
        alpha: scale,
      }, groups(outputs)),
    );
  }
  return list;
};

/** dy (N, outputs) -> dx (N, inputs), and the gradients of W, or of A and B, added onto theirs. */
export const projectBackward = (
  device: Device,
  p: Projection,
  { x, dy, dx, dlora, rows }: {
    x: Slice;
    dy: Slice;
    dx: Slice;
    dlora?: Slice | undefined;
    rows: Rows;
  },
): Dispatch[] => {
  const list: Dispatch[] = [];
  const weight = (
    dw: Slice,
    from: { x: Slice; dy: Slice },
    columns: number,
    outputs: number,
    dy_start: number,
    dy_stride: number,
    alpha: number,
  ) =>
    device.dispatch(matmulTN, { dy: from.dy, x: from.x, dw }, {
      ...rows,
      outputs,
      columns4: columns / 4,
      dy_start4: dy_start / 4,
      dy_stride4: dy_stride / 4,
      x_start4: 0,
      x_stride4: columns / 4,
      dw_stride4: columns / 4,
      alpha,
    }, matmulTNGroups(device.lanes, outputs, columns));
  const input = (o: {
    to: Slice;
    dy: Slice;
    w: Slice;
    columns: number;
    outputs: number;
    start: number;
    stride: number;
    mode: number;
    alpha: number;
    format?: WeightFormat;
  }) =>
    device.dispatch(matmulNN(o.format), { dy: o.dy, w: o.w, a: o.w, dx: o.to }, {
      ...rows,
      columns4: o.columns / 4,
      depth4: o.outputs / 4,
      dy_start4: o.start / 4,
      dy_stride4: o.stride / 4,
      w_stride: weightStride(o.format ?? "f32", o.columns),
      dx_stride4: o.columns / 4,
      mode: o.mode,
      alpha: o.alpha,
    }, matmulNNGroups(device.lanes, o.columns, rows.row0, rows.rows_max));

  for (const shard of p.shards) {
    const { outputs, start } = shard;
    if (!shard.gradient) continue;
    list.push(weight(shard.gradient, { x, dy }, p.inputs, outputs, start, p.outputs, 1));
  }
  for (const shard of p.shards) {
    list.push(input({
      to: dx,
      dy,
      w: shard.weight,
      columns: p.inputs,
      outputs: shard.outputs,
      start: shard.start,
      stride: p.outputs,
      mode: shard.start === 0 ? 0 : 2,
      alpha: 1,
      format: p.format,
    }));
  }
  for (const { a, b, rank, scale, start, outputs, down, gradient_a, gradient_b } of p.adapters) {
    if (!gradient_a || !gradient_b || !dlora) continue;
    list.push(
      weight(gradient_b, { x: down, dy }, rank, outputs, start, p.outputs, scale),
      input({
        to: dlora,
        dy,
        w: b,
        columns: rank,
        outputs,
        start,
        stride: p.outputs,
        mode: 0,
        alpha: scale,
      }),
      weight(gradient_a, { x, dy: dlora }, p.inputs, rank, 0, rank, 1),
      input({
        to: dx,
        dy: dlora,
        w: a,
        columns: p.inputs,
        outputs: rank,
        start: 0,
        stride: rank,
        mode: 2,
        alpha: 1,
      }),
    );
  }
  return list;
};

/** The slice from a float on; a shard starts at a multiple of 64, as a binding must. */
const from = (slice: Slice, start: number): Slice => part(slice, start, slice.size / 4 - start);

/** The rows of a buffer from `row0` on, for a chunk. */
export const fromRow = (slice: Slice, { row0, rows_max }: Rows, width: number): Slice =>
  part(slice, row0 * width, Math.min(rows_max, slice.size / 4 / width - row0) * width);
