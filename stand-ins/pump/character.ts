import type { RandomStream } from './random.ts';

/** What makes one pump differ from its sisters; all at nominal speed, new and healthy. */
export interface PumpCharacter {
  /** l/min */
  readonly flow: number;
  /** g, RMS */
  readonly vibration1: number;
  /** g, RMS */
  readonly vibration2: number;
  /** A */
  readonly current: number;
  /** bar */
  readonly pressure: number;
  /** Motor above ambient at equilibrium, K. */
  readonly heat: number;
  /** Fluid above the site's water at equilibrium, K. */
  readonly fluidWarming: number;
  /** Noise of all channels, relative to the usual one. */
  readonly noise: number;
}

/**
 * Draws a pump: the spread between pumps is a few per cent, as between experiments on a real bench.
 */
export function drawCharacter(random: RandomStream): PumpCharacter {
  return {
    flow: 32.1 + 0.9 * random.normal(),
    vibration1: 0.0274 + 0.0012 * random.normal(),
    vibration2: 0.0405 + 0.0014 * random.normal(),
    current: 0.97 + 0.03 * random.normal(),
    pressure: 0.065 + 0.02 * random.normal(),
    heat: 49 + 2.5 * random.normal(),
    fluidWarming: 4 + 0.5 * random.normal(),
    noise: random.between(0.85, 1.15),
  };
}

/**
 * A value around zero with standard deviation `spread` that forgets in about `tau` seconds
 * (Ornstein–Uhlenbeck, 1 Hz).
 */
export function createWander(random: RandomStream, spread: number, tau: number): () => number {
  const keep = 1 - 1 / tau;
  const kick = spread * Math.sqrt(1 - keep * keep);
  let value = spread * random.normal();
  return () => (value = value * keep + kick * random.normal());
}

/** One second of a first-order lag with time constant `tau` seconds. */
export function follow(value: number, target: number, tau: number): number {
  return value + (target - value) / tau;
}
