/** The functions of Cephes that the domain uses; its own types are not found by the module resolution of Node. */
declare module 'cephes' {
  export const compiled: Promise<void>;
  export function ndtr(z: number): number;
  export function ndtri(p: number): number;
  export function chdtrc(df: number, x: number): number;
  export function bdtr(k: number, n: number, p: number): number;
}
