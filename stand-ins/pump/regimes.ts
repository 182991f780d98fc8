/** What the site asks of the pump: everything that is healthy and yet changes the readings. */
export interface Regime {
  /**
   * Pump speed relative to the nominal one; flow follows it, head its square, power its cube
   * (affinity laws).
   */
  readonly speed: number;
  /** Air and water temperature of the site, °C. */
  readonly ambient: number;
  /** Viscosity of the fluid relative to the nominal one: more friction, less flow. */
  readonly viscosity: number;
}

export const REGIMES = {
  nominal: { speed: 1, ambient: 21, viscosity: 1 },
  winter: { speed: 1, ambient: 7, viscosity: 1.45 },
  'high-flow': { speed: 1.08, ambient: 21, viscosity: 1 },
} satisfies Record<string, Regime>;

export type RegimeName = keyof typeof REGIMES;
