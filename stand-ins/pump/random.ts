const { imul } = Math; // a local name: looked up hundreds of times per sample

/**
 * A seeded stream of random numbers; equal seeds give equal streams on every machine (integer
 * arithmetic only).
 */
export interface RandomStream {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Approximately normal (sum of twelve uniforms), mean 0, standard deviation 1, within ±6. */
  normal(): number;
}

/** 32-bit FNV-1a hash of a text, the seed of a stream. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/**
 * Creates the stream that belongs to these names, e.g. `(seed, 'pump-001', 'noise')`; a different
 * name is another stream.
 */
export function createRandom(...names: readonly (string | number)[]): RandomStream {
  let state = hash(names.join('/'));
  // A Weyl sequence through a 32-bit mixing function with full avalanche (Steele et al., SplitMix).
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = imul(z ^ (z >>> 16), 0x85ebca6b);
    z = imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 0x1_0000_0000;
  };
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    normal: () => {
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += next();
      return sum;
    },
  };
}
