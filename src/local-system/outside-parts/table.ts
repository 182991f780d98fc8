import { goInstall, goModDownload } from './go-install.ts';
import { cacheSource, goFolderSource, goModuleSource, pathSource } from './look.ts';
import type { OutsidePart } from './part.ts';
import { sdkDownload } from './sdk-download.ts';
import { cachedJars, mavenJars } from './test-server-jars.ts';

/**
 * The newest release of the Temporal CLI that `go install` accepts: later ones carry a `replace`.
 */
const CLI_MODULE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const SERVER_MODULE = 'go.temporal.io/server';
const SERVER_VERSION = 'v1.29.1';
const GO_HINT = 'Install Go (https://go.dev/dl).';

/** Everything that npm does not bring: where each part may come from, in order. */
export const OUTSIDE_PARTS = {
  temporal: {
    title: "Temporal's development server",
    sources: [
      pathSource('temporal'),
      cacheSource('temporal'),
      goFolderSource('temporal'),
      sdkDownload('dev', 'temporal'),
      goInstall({
        program: 'temporal',
        title: "Temporal's development server",
        module: CLI_MODULE,
        minutes: 3,
      }),
    ],
    hint: 'Set TEMPORAL_ADDRESS to a running server, or install the Temporal CLI (https://docs.temporal.io/cli) on PATH.',
  },
  'temporal-test-server': {
    title: "Temporal's time-skipping test server",
    sources: [
      cachedJars,
      cacheSource('temporal-test-server'),
      sdkDownload('time-skipping', 'temporal-test-server'),
      mavenJars,
    ],
    hint: 'Install Java 17 and Maven.',
  },
  'temporal-server': {
    title: "Temporal's production server",
    sources: [
      pathSource('temporal-server'),
      cacheSource('temporal-server'),
      goInstall({
        program: 'temporal-server',
        title: "Temporal's production server",
        module: `${SERVER_MODULE}/cmd/server@${SERVER_VERSION}`,
        minutes: 2,
      }),
    ],
    hint: GO_HINT,
  },
  'temporal-sql-tool': {
    title: "The sql tool of Temporal's production server",
    sources: [
      pathSource('temporal-sql-tool'),
      cacheSource('temporal-sql-tool'),
      goInstall({
        program: 'temporal-sql-tool',
        title: "the sql tool of Temporal's production server",
        module: `${SERVER_MODULE}/cmd/tools/sql@${SERVER_VERSION}`,
        minutes: 1,
      }),
    ],
    hint: GO_HINT,
  },
  'temporal-server-source': {
    title: "The schema of Temporal's production server",
    sources: [
      goModuleSource(`${SERVER_MODULE}@${SERVER_VERSION}`),
      goModDownload(`${SERVER_MODULE}@${SERVER_VERSION}`, "the schema of Temporal's production server"),
    ],
    hint: GO_HINT,
  },
} as const satisfies Record<string, OutsidePart>;

export type PartName = keyof typeof OUTSIDE_PARTS;
