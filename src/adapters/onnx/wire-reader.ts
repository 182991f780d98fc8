import { WindlassError } from '../../errors/windlass-error.ts';

/**
 * What is kept of a field: a nested message, a text, a whole number, the length of a blob in bytes
 * ("size"), how many numbers or blobs there are ("count32" and "count64": fixed width, "varints",
 * "blobs"), or nothing.
 */
type Kind =
  'message' | 'text' | 'int' | 'ints' | 'size' | 'count32' | 'count64' | 'varints' | 'blobs' | 'skip';

export interface Field {
  readonly name: string;
  readonly kind: Kind;
  /** Name of the message type, of kind "message". */
  readonly type?: string;
  readonly repeated?: true;
  /** Fields with the same word exclude each other. */
  readonly oneof?: string;
}

/** Message type → field number → field. A number that is not listed is skipped. */
export type WireSchema = Readonly<Record<string, Readonly<Record<number, Field>>>>;

interface ReadLimits {
  /** Messages inside messages. */
  readonly depth: number;
  /** Messages, texts and numbers that are kept. */
  readonly items: number;
  /** Bytes of one text. */
  readonly text: number;
}

type Message = Record<string, unknown>;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Wire types that a field of each kind may have; numbers may be packed. */
const WIRE: Readonly<Record<Exclude<Kind, 'skip'>, readonly number[]>> = {
  message: [BYTES],
  text: [BYTES],
  size: [BYTES],
  blobs: [BYTES],
  int: [VARINT],
  ints: [VARINT, BYTES],
  varints: [VARINT, BYTES],
  count32: [FIXED32, BYTES],
  count64: [FIXED64, BYTES],
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

function refuse(reason: string): never {
  throw new WindlassError('MODEL_INVALID', `The file is not a complete ONNX model: ${reason}.`);
}

/**
 * Reads protobuf bytes by a schema, within limits that hold while it reads, so that no file can
 * make it large or deep. Stricter than the format: what readers understand differently (a single
 * field given twice, which some merge and others replace; another wire type than the schema's;
 * groups; text that is not UTF-8) is refused with MODEL_INVALID.
 */
export class WireReader {
  readonly #bytes: Buffer;
  readonly #schema: WireSchema;
  readonly #limits: ReadLimits;
  #at = 0;
  #items = 0;

  constructor(bytes: Buffer, schema: WireSchema, limits: ReadLimits) {
    this.#bytes = bytes;
    this.#schema = schema;
    this.#limits = limits;
  }

  /** The whole of the bytes as one message of the given type. */
  read(type: string): Message {
    return this.#message(type, this.#bytes.length, 1);
  }

  #message(type: string, end: number, depth: number): Message {
    if (depth > this.#limits.depth) refuse(`it is nested more than ${this.#limits.depth} levels deep`);
    const fields = this.#schema[type] ?? {};
    const message: Message = {};
    const taken = new Set<string>();
    while (this.#at < end) {
      const tag = Number(this.#varint(end) & 0xffff_ffffn);
      const number = tag >>> 3;
      const wire = tag & 7;
      if (number === 0) refuse('a field has the number 0');
      const field = fields[number];
      if (field === undefined || field.kind === 'skip') {
        this.#skip(wire, end);
        continue;
      }
      const { name, kind } = field;
      if (!WIRE[kind].includes(wire)) refuse(`${type}.${name} is of another wire type`);
      const slot = field.oneof ?? name;
      if (field.repeated !== true) {
        if (taken.has(slot)) refuse(`${type} has ${slot} more than once`);
        taken.add(slot);
      }
      this.#store(message, field, { wire, end, depth, type });
    }
    return message;
  }

  #store(
    message: Message,
    field: Field,
    at: { readonly wire: number; readonly end: number; readonly depth: number; readonly type: string },
  ): void {
    const { name, kind } = field;
    if (kind === 'ints') {
      const list = (message[name] ??= []) as number[];
      const end = at.wire === BYTES ? this.#end(at.end) : undefined;
      do {
        if (end !== undefined && this.#at >= end) break;
        this.#count();
        list.push(this.#int(end ?? at.end));
      } while (end !== undefined);
      return;
    }
    if (kind === 'varints' || kind === 'count32' || kind === 'count64' || kind === 'blobs') {
      message[name] = ((message[name] as number | undefined) ?? 0) + this.#numbers(kind, at.wire, at.end);
      return;
    }
    this.#count();
    const value = this.#value(field, at);
    if (field.repeated === true) ((message[name] ??= []) as unknown[]).push(value);
    else message[name] = value;
  }

  #value({ name, kind, type = '' }: Field, at: { end: number; depth: number; type: string }): unknown {
    if (kind === 'int') return this.#int(at.end);
    const end = this.#end(at.end);
    if (kind === 'message') return this.#message(type, end, at.depth + 1);
    const start = this.#at;
    this.#at = end;
    if (kind === 'size') return end - start;
    if (end - start > this.#limits.text)
      refuse(`${at.type}.${name} is a text of more than ${this.#limits.text} bytes`);
    try {
      return utf8.decode(this.#bytes.subarray(start, end));
    } catch {
      return refuse(`${at.type}.${name} is not UTF-8`);
    }
  }

  /** How many numbers (or blobs) a field holds, without reading them. */
  #numbers(kind: 'varints' | 'count32' | 'count64' | 'blobs', wire: number, limit: number): number {
    if (wire !== BYTES || kind === 'blobs') {
      this.#skip(wire, limit);
      return 1;
    }
    const end = this.#end(limit);
    const start = this.#at;
    this.#at = end;
    if (kind !== 'varints') {
      const each = kind === 'count32' ? 4 : 8;
      if ((end - start) % each !== 0) refuse('a list of numbers is cut off');
      return (end - start) / each;
    }
    let count = 0;
    for (let i = start; i < end; i += 1) if ((this.#bytes[i] ?? 0) < 0x80) count += 1;
    if (end > start && (this.#bytes[end - 1] ?? 0) >= 0x80) refuse('a list of numbers is cut off');
    return count;
  }

  #skip(wire: number, end: number): void {
    if (wire === VARINT) {
      this.#varint(end);
    } else if (wire === BYTES) {
      this.#at = this.#end(end);
    } else if (wire === FIXED32 || wire === FIXED64) {
      this.#at += wire === FIXED32 ? 4 : 8;
      if (this.#at > end) refuse('it ends in the middle of a field');
    } else {
      refuse(`wire type ${wire} is not used by ONNX`);
    }
  }

  /** Where a field with a length in front ends. */
  #end(limit: number): number {
    const length = this.#varint(limit);
    if (length > BigInt(limit - this.#at)) refuse('it ends in the middle of a field');
    return this.#at + Number(length);
  }

  #int(end: number): number {
    return Number(BigInt.asIntN(64, this.#varint(end)));
  }

  #varint(end: number): bigint {
    // Nearly all are of one byte.
    const first = this.#bytes[this.#at] ?? 0;
    if (this.#at < end && first < 0x80) {
      this.#at += 1;
      return BigInt(first);
    }
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.#at >= end) refuse('it ends in the middle of a field');
      const byte = this.#bytes[this.#at] ?? 0;
      this.#at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return refuse('a number is longer than 64 bits');
  }

  #count(): void {
    this.#items += 1;
    if (this.#items > this.#limits.items) refuse(`it holds more than ${this.#limits.items} parts`);
  }
}
