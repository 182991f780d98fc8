import { z } from 'zod';
import { FAULTS, type FaultKind } from '../pump/faults.ts';
import { createRandom } from '../pump/random.ts';
import { REGIMES, type RegimeName } from '../pump/regimes.ts';
import { DEVICE_FAULTS, deviceFaultSchema } from './device-faults.ts';
import type { VirtualDevice } from './virtual-device.ts';

/** A request that names something wrong. */
export class ControlError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ControlError';
    this.status = status;
  }
}

const regimes = Object.keys(REGIMES) as [RegimeName, ...RegimeName[]];
const pumpFaults = Object.keys(FAULTS) as [FaultKind, ...FaultKind[]];

/** Which devices: some by id, a seeded share of those that an action concerns, or all. */
const who = {
  ids: z.array(z.string()).min(1).optional(),
  percent: z.number().gt(0).max(100).optional(),
  all: z.literal(true).optional(),
  seed: z.number().int().nonnegative().default(7),
};

const schemas = {
  offline: z.strictObject(who),
  online: z.strictObject(who),
  regime: z.strictObject({ ...who, regime: z.enum(regimes) }),
  faults: deviceFaultSchema.extend(who),
  'faults/clear': z.strictObject({ ...who, kind: z.enum(DEVICE_FAULTS).optional() }),
  'pump-faults': z.strictObject({
    ...who,
    kind: z.enum(pumpFaults),
    severity: z.number().gt(0).max(1).optional(),
    delaySeconds: z.number().nonnegative().optional(),
    rampSeconds: z.number().nonnegative().optional(),
    durationSeconds: z.number().positive().optional(),
  }),
  repair: z.strictObject(who),
  recommission: z.strictObject(who),
} as const;

export type ActionName = keyof typeof schemas;
export const ACTIONS = Object.keys(schemas) as ActionName[];

type Who = { ids?: string[]; percent?: number; all?: true; seed: number };

function choose(
  devices: ReadonlyMap<string, VirtualDevice>,
  { ids, percent, all, seed }: Who,
): VirtualDevice[] {
  if (ids)
    return ids.map((id) => {
      const device = devices.get(id);
      if (!device) throw new ControlError(404, `device "${id}" is not known`);
      return device;
    });

  if (percent !== undefined) {
    const count = Math.round((devices.size * percent) / 100);
    const draw = (id: string): number => createRandom(seed, 'choice', id).next();
    return [...devices.values()].sort((a, b) => draw(a.spec.id) - draw(b.spec.id)).slice(0, count);
  }
  if (all) return [...devices.values()];
  throw new ControlError(400, 'say which devices: "ids", "percent" or "all": true');
}

function parse<T extends ActionName>(name: T, body: unknown): z.output<(typeof schemas)[T]> {
  const parsed = schemas[name].safeParse(body);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((i) => `${i.path.join('.') || 'body'}: ${i.message}`);
    throw new ControlError(400, problems.join('; '));
  }
  return parsed.data as z.output<(typeof schemas)[T]>;
}

/**
 * Does one action of the control interface or of a script; gives the ids of the devices it was done
 * to.
 */
export async function act(
  devices: ReadonlyMap<string, VirtualDevice>,
  name: ActionName,
  body: unknown,
): Promise<string[]> {
  const to = async (given: Who, work: (device: VirtualDevice) => Promise<void> | void): Promise<string[]> => {
    const chosen = choose(devices, given);
    await Promise.all(chosen.map(async (device) => work(device)));
    return chosen.map((device) => device.spec.id);
  };
  switch (name) {
    case 'offline':
      return to(parse(name, body), (device) => device.setOnline(false));
    case 'online':
      return to(parse(name, body), (device) => device.setOnline(true));
    case 'regime': {
      const given = parse(name, body);
      return to(given, (device) => device.setRegime(given.regime));
    }
    case 'faults': {
      const { ids, percent, all, seed, ...fault } = parse(name, body);
      return to({ ids, percent, all, seed }, (device) => device.faults.set(fault));
    }
    case 'faults/clear': {
      const given = parse(name, body);
      return to(given, (device) => device.faults.clear(given.kind));
    }
    case 'pump-faults': {
      const { ids, percent, all, seed, kind, ...plan } = parse(name, body);
      return to({ ids, percent, all, seed }, (device) => device.injectPumpFault(kind, plan));
    }
    case 'repair':
      return to(parse(name, body), (device) => device.repairPump());
    case 'recommission':
      return to(parse(name, body), (device) => device.recommission());
  }
}
