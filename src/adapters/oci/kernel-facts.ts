import type { InstanceFacts } from '../../ports/image-instance.ts';

/**
 * Texts of /proc and the control group, as the server's own namespace shows them; absent ones are
 * empty.
 */
export interface KernelTexts {
  readonly status: string;
  readonly mounts: string;
  readonly network: string;
  readonly memoryLimit: string;
  readonly pidsLimit: string;
}

/** Files to read inside the container, first one that exists; `/proc/1` is the server. */
export const KERNEL_FILES: Readonly<Record<keyof KernelTexts, readonly string[]>> = {
  status: ['/proc/1/status'],
  mounts: ['/proc/1/mounts'],
  network: ['/proc/1/net/dev'],
  memoryLimit: ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'],
  pidsLimit: ['/sys/fs/cgroup/pids.max', '/sys/fs/cgroup/pids/pids.max'],
};

/** The value of one line of /proc/PID/status. */
function statusField(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.trim();
}

/** Reads the facts out of the kernel's texts; what a text does not tell is null. */
export function readFacts(texts: KernelTexts): InstanceFacts {
  const uid = statusField(texts.status, 'Uid')?.split(/\s+/)[1]; // the effective one
  const privileges = statusField(texts.status, 'NoNewPrivs');
  const root = texts.mounts.split('\n').findLast((line) => line.split(' ')[1] === '/');
  const interfaces = [...texts.network.matchAll(/^\s*([^\s:|]+):/gm)].map((m) => m[1] ?? '');
  return {
    uid: uid === undefined ? null : Number(uid),
    rootReadOnly: root === undefined ? null : (root.split(' ')[3] ?? '').split(',').includes('ro'),
    networkInterfaces: texts.network === '' ? null : interfaces,
    capabilities: statusField(texts.status, 'CapEff') ?? null,
    noNewPrivileges: privileges === undefined ? null : privileges === '1',
    memoryLimitBytes: limit(texts.memoryLimit),
    pidsLimit: limit(texts.pidsLimit),
  };
}

/** "max", nothing, or the kernel's huge number for "no limit" are null. */
function limit(text: string): number | null {
  const value = Number(text.trim() === '' ? Number.NaN : text.trim());
  return Number.isFinite(value) && value < 2 ** 60 ? value : null;
}

/** Peak resident memory of a process in bytes, from /proc/PID/status. */
export function peakMemory(status: string): number | null {
  const kilobytes = /^(\d+) kB$/.exec(statusField(status, 'VmHWM') ?? '')?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}
