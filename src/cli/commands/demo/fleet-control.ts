import { z } from 'zod';
import { WindlassError } from '../../../errors/windlass-error.ts';

const deviceSchema = z.looseObject({
  id: z.string(),
  online: z.boolean(),
});
export type VirtualDevice = z.infer<typeof deviceSchema>;

const DEADLINE_MS = 30_000;

/**
 * The virtual fleet's control interface: what happens to the pumps and their links, never what runs
 * on them.
 */
export class FleetControl {
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  async devices(): Promise<VirtualDevice[]> {
    const answer = await this.#call('GET', '/devices');
    return z
      .union([
        z.array(deviceSchema),
        z.looseObject({ devices: z.array(deviceSchema) }).transform((d) => d.devices),
      ])
      .parse(answer);
  }

  async offline(selection: { percent: number; seed: number }): Promise<void> {
    await this.#call('POST', '/devices/offline', selection);
  }

  async allOnline(): Promise<void> {
    await this.#call('POST', '/devices/online', { all: true });
  }

  async regime(regime: string): Promise<void> {
    await this.#call('POST', '/regime', { regime, all: true });
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(new URL(path, this.#address), {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const text = await response.text();
    if (response.ok) return text === '' ? null : (JSON.parse(text) as unknown);
    throw new WindlassError(
      'INTERNAL',
      `The virtual fleet refused ${method} ${path}: ${response.status} ${text}`,
    );
  }
}
