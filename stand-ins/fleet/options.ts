import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';

export interface HubAddress {
  readonly hostname: string;
  readonly policy: string;
  readonly key: string;
  readonly httpsPort: number;
  readonly mqttPort: number;
  readonly caFile: string | undefined;
}

export interface FleetOptions {
  readonly hub: HubAddress;
  /** Folder of an OCI layout, or several of them side by side. */
  readonly images: string;
  readonly state: string;
  readonly devices: number;
  readonly seed: number;
  /**
   * Rows per second and device; pumps give one row per second of their own time, so this is how
   * fast it runs.
   */
  readonly speed: number;
  readonly controlPort: number;
  /** Rows between two scored windows. */
  readonly stride: number;
  /** JSON file with timed events. */
  readonly script: string | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

const port = z.coerce.number().int().min(0).max(65_535);
const flagsSchema = z.object({
  'hub-connection-string': z.string().optional(),
  'hub-connection-string-file': z.string().optional(),
  'hub-https-port': port.optional(),
  'hub-mqtt-port': port.optional(),
  ca: z.string().optional(),
  images: z.string().min(1),
  state: z.string().min(1),
  devices: z.coerce.number().int().min(1).max(5000).default(20),
  seed: z.coerce.number().int().nonnegative().default(7),
  speed: z.coerce.number().positive().max(3600).default(60),
  'control-port': port.default(0),
  stride: z.coerce.number().int().positive().default(60),
  script: z.string().optional(),
  log: z.enum(['debug', 'info', 'warn', 'error']).default('warn'),
});

/**
 * The hub's own ready line, which the connection string file may hold instead of a plain connection
 * string.
 */
const readyLineSchema = z.object({
  connectionString: z.string(),
  https: port.optional(),
  mqtt: port.optional(),
  caFile: z.string().optional(),
});

type ReadyLine = z.infer<typeof readyLineSchema>;

function readConnection(flags: z.infer<typeof flagsSchema>): ReadyLine {
  const file = flags['hub-connection-string-file'];
  const inline = flags['hub-connection-string'];
  if ((file === undefined) === (inline === undefined))
    throw new Error('give one of --hub-connection-string-file and --hub-connection-string');
  const text = (inline ?? readFileSync(file as string, 'utf8')).trim();
  return text.startsWith('{') ? readyLineSchema.parse(JSON.parse(text)) : { connectionString: text };
}

/**
 * Takes a service connection string apart; throws an Error that names the missing part, never the
 * key.
 */
function parseHubAddress(line: ReadyLine, flags: Partial<z.infer<typeof flagsSchema>> = {}): HubAddress {
  const part = (name: string): string => {
    const value = new RegExp(`(?:^|;)${name}=([^;]+)`).exec(line.connectionString)?.[1];
    if (value === undefined) throw new Error(`the hub's connection string has no ${name}`);
    return value;
  };
  const caFile = flags.ca ?? line.caFile;
  if (caFile !== undefined && !existsSync(caFile)) throw new Error(`there is no file ${caFile} (--ca)`);
  return {
    hostname: part('HostName'),
    policy: part('SharedAccessKeyName'),
    key: part('SharedAccessKey'),
    httpsPort: flags['hub-https-port'] ?? line.https ?? 443,
    mqttPort: flags['hub-mqtt-port'] ?? line.mqtt ?? 8883,
    caFile,
  };
}

/** Reads the command line; throws an Error that names each wrong flag. */
export function parseFleetOptions(args: string[]): FleetOptions {
  const names = Object.keys(flagsSchema.shape);
  const { values } = parseArgs({
    args,
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  });
  const parsed = flagsSchema.safeParse(values);
  if (!parsed.success)
    throw new Error(parsed.error.issues.map((i) => `--${i.path.join('.')}: ${i.message}`).join('\n'));
  const flags = parsed.data;
  const { images, state, devices, seed, speed, stride, script } = flags;
  return {
    images,
    state,
    devices,
    seed,
    speed,
    stride,
    script,
    hub: parseHubAddress(readConnection(flags), flags),
    controlPort: flags['control-port'],
    logLevel: flags.log,
  };
}
