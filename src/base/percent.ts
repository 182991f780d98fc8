/** A share, 0..1, in percent. */
export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`;

/** In percent with one decimal, and with two below 1 %. */
export const finePercent = (share: number): string => percent(share, share < 0.01 ? 2 : 1);

/** In percent with one decimal where there is one: "5 %", "7.1 %". */
export const shortPercent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
