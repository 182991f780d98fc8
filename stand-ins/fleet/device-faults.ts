import { z } from 'zod';

export const DEVICE_FAULTS = ['pull-failure', 'crash-loop', 'slow-start', 'wrong-digest'] as const;
export type DeviceFaultKind = (typeof DEVICE_FAULTS)[number];

export const deviceFaultSchema = z.strictObject({
  kind: z.enum(DEVICE_FAULTS),
  /** How long the fault lasts, in seconds; without it until it is cleared. */
  seconds: z.number().positive().optional(),
  /** slow-start: how long a start takes, in seconds. */
  startSeconds: z.number().positive().default(30),
  /** crash-loop: windows that are scored before the module crashes. */
  afterWindows: z.number().int().nonnegative().default(1),
  /** Only for images whose reference contains this. */
  image: z.string().optional(),
});
export type DeviceFault = z.output<typeof deviceFaultSchema>;

/** The faults that are switched on for one device. */
export class DeviceFaults {
  readonly #faults = new Map<DeviceFaultKind, { fault: DeviceFault; until: number }>();

  set(fault: DeviceFault): void {
    const until = fault.seconds === undefined ? Infinity : Date.now() + fault.seconds * 1000;
    this.#faults.set(fault.kind, { fault, until });
  }

  /** Clears one kind, or all. */
  clear(kind?: DeviceFaultKind): void {
    if (kind) this.#faults.delete(kind);
    else this.#faults.clear();
  }

  /** The fault of this kind that acts on an image now. */
  acting(kind: DeviceFaultKind, image: string): DeviceFault | undefined {
    const entry = this.#faults.get(kind);
    if (!entry) return undefined;
    if (Date.now() >= entry.until) {
      this.#faults.delete(kind);
      return undefined;
    }
    return image.includes(entry.fault.image ?? '') ? entry.fault : undefined;
  }

  list(): DeviceFaultKind[] {
    return [...this.#faults].filter(([, { until }]) => Date.now() < until).map(([kind]) => kind);
  }
}
