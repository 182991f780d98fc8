import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { z } from 'zod';
import { WindlassError } from '../../errors/windlass-error.ts';
import { KERNEL_FILES } from '../oci/kernel-facts.ts';
import type { KernelTexts } from '../oci/kernel-facts.ts';
import { within } from './engine.ts';

const textsSchema = z.object({
  status: z.string(),
  mounts: z.string(),
  network: z.string(),
  memoryLimit: z.string(),
  pidsLimit: z.string(),
});

const READ_PROGRAM = `
const fs = require('node:fs');
const files = ${JSON.stringify(KERNEL_FILES)};
const read = (list) => { for (const f of list) try { return fs.readFileSync(f, 'utf8'); } catch {} return ''; };
process.stdout.write(JSON.stringify(Object.fromEntries(Object.entries(files).map(([k, v]) => [k, read(v)]))));
`;

/** What the kernel says inside the container, read by the image's own node (there is no shell). */
export async function kernelTexts(container: Docker.Container): Promise<KernelTexts> {
  const exec = await within(
    10_000,
    'look inside the container',
    container.exec({ Cmd: ['node', '-e', READ_PROGRAM], AttachStdout: true, AttachStderr: true }),
  );
  const stream = await within(
    10_000,
    'look inside the container',
    exec.start({ hijack: true, stdin: false }),
  );
  const [out, err] = [new PassThrough(), new PassThrough()];
  container.modem.demuxStream(stream, out, err);
  stream.once('end', () => {
    out.end();
    err.end();
  });
  const [output, errors] = await within(
    20_000,
    'look inside the container',
    Promise.all([text(out), text(err)]),
  );
  const parsed = textsSchema.safeParse(parse(output));
  if (parsed.success) return parsed.data;
  throw new WindlassError('PACKAGING_FAILED', 'What runs in the container could not be looked at.', {
    details: { output: output.slice(0, 500), errors: errors.slice(0, 500) },
  });
}

/** The last lines that the container wrote, both streams. */
export async function containerLogs(container: Docker.Container): Promise<string> {
  const bytes = await within(
    10_000,
    'read the logs',
    container.logs({ stdout: true, stderr: true, tail: 200, follow: false }),
  ).catch(() => Buffer.alloc(0));
  return demux(bytes);
}

/** Takes the engine's frames (8 bytes of header: stream, length) off a finished log. */
function demux(bytes: Buffer): string {
  const parts: string[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = bytes.readUInt32BE(at + 4);
    parts.push(bytes.toString('utf8', at + 8, at + 8 + length));
    at += 8 + length;
  }
  return parts.join('');
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
