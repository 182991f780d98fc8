import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../src/base/random.ts';

const FIXTURE = join(import.meta.dirname, '../fixtures/tiny-project');

export interface TinyProject {
  /** Root of the git repository. */
  readonly repository: string;
  /** The project's folder inside it. */
  readonly project: string;
  readonly data: string;
  commit(message: string): string;
}

export function gitIn(folder: string, ...args: string[]): string {
  const identity = [
    '-c',
    'user.name=Test',
    '-c',
    'user.email=test@example.com',
    '-c',
    'commit.gpgsign=false',
  ];
  return execFileSync('git', [...identity, ...args], { cwd: folder, encoding: 'utf8' }).trim();
}

export interface TinyDataOptions {
  readonly groups?: number;
  readonly rows?: number;
  readonly seed?: number;
  /** Added to the readings of anomalous rows, in standard deviations. */
  readonly shift?: number;
}

/** Writes one file per pump: two sensors, the second half anomalous. */
export function writeTinyData(folder: string, options: TinyDataOptions = {}): void {
  const { groups = 8, rows = 200, seed = 1, shift = 4 } = options;
  mkdirSync(folder, { recursive: true });
  const random = seededRandom(seed);
  for (let g = 0; g < groups; g += 1) {
    const lines = ['time;vibration;current;anomaly'];
    const level = 5 + g * 0.2;
    for (let r = 0; r < rows; r += 1) {
      const anomaly = r >= rows / 2 ? 1 : 0;
      const noise = (): number => random() + random() + random() - 1.5;
      const time = new Date(Date.UTC(2026, 0, 1 + g, 0, 0, r)).toISOString().slice(0, 19);
      const vibration = level + 0.5 * noise() + anomaly * shift * 0.25;
      const current = 20 + noise() + anomaly * shift * 0.5;
      lines.push(`${time};${vibration.toFixed(5)};${current.toFixed(5)};${anomaly}`);
    }
    writeFileSync(join(folder, `pump-${g}.csv`), `${lines.join('\n')}\n`);
  }
}

/** A git repository with the plain-Python project in a subfolder, committed, and data beside it. */
export function createTinyProject(folder: string, data: TinyDataOptions = {}): TinyProject {
  const repository = join(folder, 'repository');
  const project = join(repository, 'models', 'tiny');
  cpSync(FIXTURE, project, { recursive: true });
  writeFileSync(join(repository, '.gitignore'), '__pycache__/\nreports/\n');
  gitIn(repository, 'init', '--quiet', '--initial-branch=main');
  gitIn(repository, 'add', '--all');
  gitIn(repository, 'commit', '--quiet', '--message', 'A project that meets the contract');
  const dataFolder = join(folder, 'data');
  writeTinyData(dataFolder, data);
  return {
    repository,
    project,
    data: dataFolder,
    commit: (message) => {
      gitIn(repository, 'add', '--all');
      gitIn(repository, 'commit', '--quiet', '--message', message);
      return gitIn(repository, 'rev-parse', 'HEAD');
    },
  };
}
