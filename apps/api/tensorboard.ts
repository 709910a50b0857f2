import { Buffer } from "node:buffer";
import type { Row } from "../../ts/runs/mod.ts";

/**
 * The metrics of a run as a TensorBoard event file: records of length, masked CRC32C of it, an `Event`
 * in protocol buffers, masked CRC32C of that (tensorflow/core/lib/io/record_writer, util/event.proto).
 */
export const eventFile = (events: readonly Row[], created_at: string): Uint8Array<ArrayBuffer> => {
  const first = message([double(1, Date.parse(created_at) / 1000), bytes(3, "brain.Event:2")]);
  const steps = events.filter((event) => event["event"] === "metrics").map((event) => {
    const data = event["data"] as Row;
    const values = Object.entries(data).flatMap(([tag, value]) =>
      tag === "step" || typeof value !== "number"
        ? []
        : [bytes(1, message([bytes(1, tag), float(2, value)]))]
    );
    return message([
      double(1, Date.parse(String(event["at"])) / 1000),
      varint(2, Number(data["step"])),
      bytes(5, message(values)),
    ]);
  });
  return new Uint8Array(Buffer.concat([first, ...steps].map(record)));
};

const record = (data: Buffer): Buffer => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, masked(length), data, masked(data)]);
};

const masked = (data: Uint8Array): Buffer => {
  const crc = crc32c(data);
  const out = Buffer.alloc(4);
  out.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return out;
};

/** CRC-32C (Castagnoli): polynomial 0x1EDC6F41, reflected. */
export const crc32c = (data: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of data) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
};

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

// Fields of protocol buffers: a tag of field number and wire type, then the value.
const message = (fields: readonly Buffer[]): Buffer => Buffer.concat(fields);

const varint = (field: number, value: number): Buffer =>
  Buffer.concat([base128(field << 3), base128(value)]);

const double = (field: number, value: number): Buffer => {
  const out = Buffer.alloc(8);
  out.writeDoubleLE(value);
  return Buffer.concat([base128(field << 3 | 1), out]);
};

const float = (field: number, value: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeFloatLE(value);
  return Buffer.concat([base128(field << 3 | 5), out]);
};

const bytes = (field: number, value: string | Buffer): Buffer => {
  const data = Buffer.from(value as string);
  return Buffer.concat([base128(field << 3 | 2), base128(data.length), data]);
};

const base128 = (value: number): Buffer => {
  const out: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return Buffer.from([...out, value]);
};
