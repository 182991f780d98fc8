/**
 * The last rows of a stream as a ring; gives the window that ends at a row, every `stride` rows.
 */
export class WindowBuffer {
  readonly #columns: number;
  readonly #window: number;
  readonly #stride: number;
  readonly #ring: Float32Array;
  #rows = 0;
  #sinceLast: number;

  constructor(shape: { columns: number; window: number; stride: number }) {
    this.#columns = shape.columns;
    this.#window = shape.window;
    this.#stride = shape.stride;
    this.#ring = new Float32Array(shape.window * shape.columns);
    this.#sinceLast = shape.stride;
  }

  /** Forgets the rows: the next window holds none of them. */
  clear(): void {
    this.#rows = 0;
    this.#sinceLast = this.#stride;
  }

  /**
   * Takes a row (null and other values that are not finite become NaN) and returns the row-major
   * window that ends at it when the ring is full, the row may be scored, and `stride` rows have
   * passed since the last window.
   */
  push(values: ArrayLike<number | null>, mayScore: boolean): Float32Array | null {
    const slot = (this.#rows % this.#window) * this.#columns;
    for (let c = 0; c < this.#columns; c += 1) this.#ring[slot + c] = reading(values[c]);
    this.#rows += 1;
    this.#sinceLast += 1;
    if (!mayScore || this.#rows < this.#window || this.#sinceLast < this.#stride) return null;
    this.#sinceLast = 0;
    const split = (this.#rows % this.#window) * this.#columns;
    const out = new Float32Array(this.#ring.length);
    out.set(this.#ring.subarray(split));
    out.set(this.#ring.subarray(0, split), this.#ring.length - split);
    return out;
  }
}

/** A sensor's value, or NaN when there is none. */
export function reading(value: number | null | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : Number.NaN;
}
