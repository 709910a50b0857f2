/** Rounds of power iteration: far more than two digits of a picture need. */
const ROUNDS = 100;

/**
 * Vectors in the plane of their two largest principal components (power iteration on the centred vectors,
 * the second after the first is taken out). The same vectors give the same picture.
 */
export const principalPlane = (
  vectors: readonly ArrayLike<number>[],
): readonly { readonly x: number; readonly y: number }[] => {
  const width = vectors[0]?.length ?? 0;
  const mean = new Float64Array(width);
  for (const vector of vectors) {
    for (let d = 0; d < width; d++) mean[d]! += vector[d]! / vectors.length;
  }
  let rest = vectors.map((vector) => Float64Array.from(mean, (m, d) => vector[d]! - m));
  const coordinates = [0, 1].map(() => {
    const axis = firstAxis(rest, width);
    const along = rest.map((vector) => dot(vector, axis));
    rest = rest.map((vector, i) => vector.map((value, d) => value - along[i]! * axis[d]!));
    return along;
  });
  return vectors.map((_, i) => ({ x: coordinates[0]![i]!, y: coordinates[1]![i]! }));
};

const firstAxis = (vectors: readonly Float64Array[], width: number): Float64Array => {
  // Any start that is not at a right angle to the axis will do; this one has every direction in it.
  let axis: Float64Array = normed(Float64Array.from({ length: width }, (_, d) => Math.cos(d + 1)));
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float64Array(width);
    for (const vector of vectors) {
      const along = dot(vector, axis);
      for (let d = 0; d < width; d++) next[d]! += along * vector[d]!;
    }
    if (dot(next, next) === 0) return axis;
    axis = normed(next);
  }
  return axis;
};

const normed = (vector: Float64Array): Float64Array => {
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / length);
};

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
};
