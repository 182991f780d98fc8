/** Day and minute of an ISO time, as tables show it; `none` where there is none. */
export const minute = (iso: string | null, none = '–'): string =>
  iso === null ? none : iso.slice(0, 16).replace('T', ' ');

/** Bytes in MB (10⁶). */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
