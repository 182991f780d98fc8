/** Day and minute of an ISO time, as tables show it; `none` where there is none. */
export const minute = (iso: string | null, none = '–'): string =>
  iso === null ? none : iso.slice(0, 16).replace('T', ' ');

/** A share, 0..1, in percent. */
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Bytes in MB (10⁶). */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
