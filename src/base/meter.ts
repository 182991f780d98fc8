import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';

/** Passes bytes on, and knows their number and digest when the stream has ended. */
export class Meter extends Transform {
  readonly #hash = createHash('sha256');
  #digest: string | undefined;
  size = 0;

  /** `sha256:<hex>` of what passed; what comes after the first call is not counted. */
  get digest(): string {
    return (this.#digest ??= `sha256:${this.#hash.digest('hex')}`);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#hash.update(chunk);
    this.size += chunk.length;
    this.push(chunk);
    done();
  }
}
