import { DeviceError } from "./errors.ts";
import {
  type Kernel,
  type Lanes,
  moduleText,
  packFields,
  type Pass,
  PASS_FIELDS,
} from "./kernel.ts";
import type { DeviceInfo, Gpu } from "./provider.ts";

/** A range of a buffer, in bytes. `offset` is a multiple of 256. */
export interface Slice {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** One dispatch of a plan, ready to record. */
export interface Dispatch {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  /** Workgroups for a pass; 0 anywhere skips the dispatch. */
  readonly groups: (pass: Pass) => readonly [number, number?, number?];
}

/** A GPU device with its pipelines, its uniforms, and errors that are not lost. */
export class Device {
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #passUniform: GPUBuffer;
  #shapes: { buffer: GPUBuffer; used: number } | undefined;
  #failure: DeviceError | undefined;
  readonly #lost: Promise<never>;

  readonly gpu: GPUDevice;
  readonly info: DeviceInfo;
  readonly #compiler: "naga" | "tint";

  /** Kernels share loads as `lanes` says; `openDevice` knows which way is fastest. */
  constructor({ device: gpu, info, compiler }: Gpu, readonly lanes: Lanes) {
    this.gpu = gpu;
    this.info = info;
    this.#compiler = compiler;
    this.#passUniform = gpu.createBuffer({
      label: "pass",
      size: 32,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    gpu.addEventListener("uncapturederror", (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      const memory = /memory|OOM/i.test(error.constructor.name);
      this.#failure ??= new DeviceError(memory ? "out-of-memory" : "validation", error.message);
    });
    this.#lost = gpu.lost.then((lost) => {
      this.#failure ??= new DeviceError("lost", `the GPU device was lost: ${lost.message}`);
      throw this.#failure;
    });
    this.#lost.catch(() => {}); // raised where a result is awaited
  }

  /** Throws what the device reported since; call before believing a result. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** A storage buffer of zeros. `floats` is its length in 4-byte words. */
  buffer(label: string, floats: number): Slice {
    const size = Math.max(16, Math.ceil(floats / 4) * 16);
    if (size > this.info.limits.buffer_bytes) {
      throw new DeviceError(
        "out-of-memory",
        `buffer ${label} needs ${size} bytes, this device grants ${this.info.limits.buffer_bytes}`,
      );
    }
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    return { buffer: this.gpu.createBuffer({ label, size, usage }), offset: 0, size };
  }

  write(slice: Slice, data: Float32Array | Uint32Array): void {
    if (data.length === 0) return; // Deno 2.9 panics on it
    this.gpu.queue.writeBuffer(
      slice.buffer,
      slice.offset,
      data.buffer as ArrayBuffer,
      data.byteOffset,
      data.byteLength,
    );
  }

  dispatch<B extends string, S extends string>(
    kernel: Kernel<B, S>,
    buffers: Readonly<Record<NoInfer<B>, Slice>>,
    shape: Readonly<Record<NoInfer<S>, number>>,
    groups: Dispatch["groups"],
  ): Dispatch {
    const names = Object.keys(kernel.buffers) as B[];
    const entries = [
      { binding: 0, resource: { buffer: this.#passUniform } },
      { binding: 1, resource: this.#shape(packFields(kernel.shape, shape)) },
      ...names.map((name, i) => ({ binding: i + 2, resource: buffers[name] })),
    ];
    const bindings = this.gpu.createBindGroup({ layout: this.#layout(kernel), entries });
    return { label: kernel.name, pipeline: this.#pipeline(kernel), bindings, groups };
  }

  /** Records the lists in one compute pass and submits; later writes do not overtake it. */
  submit(pass: Pass, lists: readonly (readonly Dispatch[])[]): void {
    this.gpu.queue.writeBuffer(this.#passUniform, 0, packFields(PASS_FIELDS, { ...pass }));
    const encoder = this.gpu.createCommandEncoder();
    const recorder = encoder.beginComputePass();
    for (const list of lists) {
      for (const { pipeline, bindings, groups } of list) {
        const [x, y = 1, z = 1] = groups(pass);
        if (x * y * z === 0) continue;
        recorder.setPipeline(pipeline);
        recorder.setBindGroup(0, bindings);
        recorder.dispatchWorkgroups(x, y, z);
      }
    }
    recorder.end();
    this.gpu.queue.submit([encoder.finish()]);
  }

  copy(from: Slice, to: Pick<Slice, "buffer" | "offset">): void {
    if (from.size === 0) return;
    const encoder = this.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, from.size);
    this.gpu.queue.submit([encoder.finish()]);
  }

  /** Fills a slice with zeros. */
  clear({ buffer, offset, size }: Slice): void {
    const encoder = this.gpu.createCommandEncoder();
    encoder.clearBuffer(buffer, offset, size);
    this.gpu.queue.submit([encoder.finish()]);
  }

  /**
   * Collects slices as they are now, `bytes` in all, and reads them with one wait at the end: a wait
   * costs 11 ms in Deno however little is read.
   */
  collect(bytes: number): Collector {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = this.gpu.createBuffer({ label: "staging", size: Math.max(4, bytes), usage });
    const ends: number[] = [];
    return {
      take: (slice) => {
        const offset = ends.at(-1) ?? 0;
        this.copy(slice, { buffer: staging, offset });
        ends.push(offset + slice.size);
      },
      read: async () => {
        try {
          await Promise.race([staging.mapAsync(GPUMapMode.READ), this.#lost]);
          this.check();
          const mapped = staging.getMappedRange();
          return ends.map((end, i) => mapped.slice(ends[i - 1] ?? 0, end));
        } catch (cause) {
          this.check(); // what the device said first is the better reason
          throw new DeviceError("lost", `the GPU no longer answers: ${(cause as Error).message}`);
        } finally {
          staging.destroy();
        }
      },
    };
  }

  read(slices: readonly Slice[]): Promise<ArrayBuffer[]> {
    const collector = this.collect(slices.reduce((sum, { size }) => sum + size, 0));
    slices.forEach(collector.take);
    return collector.read();
  }

  close(): void {
    this.#failure ??= new DeviceError("lost", "the engine is closed");
    this.gpu.destroy();
  }

  #pipeline(kernel: Kernel): GPUComputePipeline {
    const known = this.#pipelines.get(kernel.name);
    if (known) return known;
    const pipeline = this.gpu.createComputePipeline({
      label: kernel.name,
      layout: this.gpu.createPipelineLayout({ bindGroupLayouts: [this.#layout(kernel)] }),
      compute: {
        module: this.gpu.createShaderModule({
          label: kernel.name,
          code: moduleText(kernel, this.lanes, this.#compiler),
        }),
        entryPoint: "main",
      },
    });
    this.#pipelines.set(kernel.name, pipeline);
    return pipeline;
  }

  #layout(kernel: Kernel): GPUBindGroupLayout {
    const types: GPUBufferBindingType[] = [
      "uniform",
      "uniform",
      ...Object.values(kernel.buffers).map((use) =>
        use.startsWith("read") ? "read-only-storage" : "storage"
      ) as GPUBufferBindingType[],
    ];
    const key = types.join();
    const known = this.#layouts.get(key);
    if (known) return known;
    const layout = this.gpu.createBindGroupLayout({
      entries: types.map((type, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type },
      })),
    });
    this.#layouts.set(key, layout);
    return layout;
  }

  /** Shapes live side by side in shared uniform buffers, 256 bytes apart. */
  #shape(bytes: ArrayBuffer): GPUBufferBinding {
    if (!this.#shapes || this.#shapes.used + 256 > 65536) {
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      this.#shapes = { buffer: this.gpu.createBuffer({ size: 65536, usage }), used: 0 };
    }
    const { buffer, used } = this.#shapes;
    this.gpu.queue.writeBuffer(buffer, used, bytes);
    this.#shapes.used += 256;
    return { buffer, offset: used, size: bytes.byteLength };
  }
}

export interface Collector {
  readonly take: (slice: Slice) => void;
  /** The slices' bytes in the order taken. Once. */
  readonly read: () => Promise<ArrayBuffer[]>;
}

/** A part of a slice, in 4-byte words. */
export const part = (slice: Slice, start: number, words: number): Slice => ({
  buffer: slice.buffer,
  offset: slice.offset + start * 4,
  size: words * 4,
});
