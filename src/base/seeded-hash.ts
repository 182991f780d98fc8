/**
 * Uniform number in [0, 1) from a text and a seed: FNV-1a over the UTF-16 units, twice with
 * different offsets, each finished with MurmurHash3's fmix32, joined to 53 bits. The same on every
 * machine; not for secrets.
 */
export function seededHash(text: string, seed: number): number {
  const high = mix(fnv1a(text, 0x811c9dc5 ^ seed));
  const low = mix(fnv1a(text, 0x9e3779b9 ^ Math.imul(seed + 1, 0x85ebca6b)));
  return ((high >>> 0) * 0x20_0000 + ((low >>> 0) >>> 11)) / 2 ** 53;
}

function fnv1a(text: string, offset: number): number {
  let hash = offset | 0;
  for (let i = 0; i < text.length; i += 1) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash;
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
