import { renderTable } from "../../ts/evaluate/mod.ts";
import type { MemoryPlan } from "../../ts/model/mod.ts";

/** The parts of a memory plan, their sum, and the largest piece that one binding must hold. */
export const memoryTable = ({ parts, total_bytes, largest }: MemoryPlan): string =>
  renderTable([{ title: "GPU memory" }, { title: "MiB", align: "right" }], [
    ...Object.entries(parts).map(([name, bytes]) => [name, mebibytes(bytes)]),
    ["in all", mebibytes(total_bytes)],
    [`largest binding (${largest.name})`, mebibytes(largest.bytes)],
  ]) + "\n";

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
