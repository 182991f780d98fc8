/**
 * `$WINDLASS_OUT/golden.json`: at least 1,000 rows with the training framework's own predictions.
 */
export interface GoldenFile {
  readonly schema: 'windlass.golden/1';
  /** Input name → { shape: [N, ...], data: flat row-major float32 values }. */
  readonly inputs: Record<string, { readonly shape: number[]; readonly data: number[] }>;
  /** Output name → expected values, flat, N values. */
  readonly outputs: Record<string, { readonly shape: number[]; readonly data: number[] }>;
}
