/** How strongly a fault of full severity acts on the pump; each share is of the healthy value. */
export interface FaultEffect {
  readonly flow: number;
  readonly pressureBar: number;
  readonly current: number;
  readonly vibration1: number;
  readonly vibration2: number;
  /** Extra spread of the vibration readings, as a share of their healthy mean. */
  readonly roughness: number;
  /** Extra losses that heat the motor, K at equilibrium. */
  readonly heat: number;
}

export const FAULTS = {
  /** The delivery valve closes: less flow against more head, and a pump that works less. */
  'valve-closing': {
    flow: -0.25,
    pressureBar: 0.25,
    current: -0.05,
    vibration1: 0.02,
    vibration2: 0.03,
    roughness: 0,
    heat: -1,
  },
  /** Vapour bubbles collapse at the impeller: rough vibration, unsteady and lower flow. */
  cavitation: {
    flow: -0.08,
    pressureBar: -0.1,
    current: -0.06,
    vibration1: 0.12,
    vibration2: 0.2,
    roughness: 0.05,
    heat: 1,
  },
  /** A rotor out of balance: vibration at running speed, most of it at the first bearing. */
  imbalance: {
    flow: -0.01,
    pressureBar: 0,
    current: 0.06,
    vibration1: 0.25,
    vibration2: 0.14,
    roughness: 0.01,
    heat: 3,
  },
  /**
   * Water escapes before the flow meter: the meter sees less, the pressure falls, the pump runs out
   * on its curve.
   */
  leak: {
    flow: -0.16,
    pressureBar: -0.3,
    current: 0.12,
    vibration1: 0.03,
    vibration2: 0.04,
    roughness: 0,
    heat: 2,
  },
} as const satisfies Record<string, FaultEffect>;

export type FaultKind = keyof typeof FAULTS;

export interface FaultPlan {
  /** 0 (nothing) to 1 (the worst that the bench allows). */
  readonly severity?: number;
  /** Seconds until the fault begins. */
  readonly delaySeconds?: number;
  /** Seconds from onset to full severity. */
  readonly rampSeconds?: number;
  /** Seconds from onset to the repair; never repaired by default. */
  readonly durationSeconds?: number;
  /** Seconds after the repair until the readings are healthy again. */
  readonly recoverySeconds?: number;
}

const smooth = (share: number): number => {
  const x = Math.min(1, Math.max(0, share));
  return x * x * (3 - 2 * x);
};

/**
 * A fault in progress; `at` says how severe it is and whether the label counts it, at a second
 * since its injection.
 */
export function scheduleFault(kind: FaultKind, plan: FaultPlan) {
  const {
    severity = 0.6,
    delaySeconds = 0,
    rampSeconds = 60,
    durationSeconds = Infinity,
    recoverySeconds = 25,
  } = plan;
  if (!(severity > 0 && severity <= 1))
    throw new RangeError(`severity of fault ${kind} must be in (0, 1], not ${severity}`);
  return {
    kind,
    at(second: number): { severity: number; labelled: boolean; over: boolean } {
      const since = second - delaySeconds;
      const afterRepair = since - durationSeconds;
      const grown = smooth(since / Math.max(1, Math.min(rampSeconds, durationSeconds)));
      const left = afterRepair < 0 ? 1 : 1 - smooth(afterRepair / Math.max(1, recoverySeconds));
      return {
        severity: severity * grown * left,
        labelled: since >= 0 && afterRepair < 0,
        over: afterRepair >= recoverySeconds,
      };
    },
  };
}

export type ScheduledFault = ReturnType<typeof scheduleFault>;

/** Adds up what the faults of these severities do together. */
export function combineEffects(
  states: readonly { readonly kind: FaultKind; readonly severity: number }[],
): FaultEffect {
  const sum = (key: keyof FaultEffect) =>
    states.reduce((total, { kind, severity }) => total + FAULTS[kind][key] * severity, 0);
  return {
    flow: sum('flow'),
    pressureBar: sum('pressureBar'),
    current: sum('current'),
    vibration1: sum('vibration1'),
    vibration2: sum('vibration2'),
    roughness: sum('roughness'),
    heat: sum('heat'),
  };
}
