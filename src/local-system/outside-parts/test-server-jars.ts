import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from './look.ts';
import type { Found, PartSource, SourceContext } from './part.ts';
import { reasonOf, runAndTell } from './run-and-tell.ts';

const VERSION = '1.31.0';
const NO_JAVA = { missing: 'there is no Java on PATH' } as const;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>test-server</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId><artifactId>temporal-test-server</artifactId><version>${VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

const START = `#!/bin/sh
exec java -cp "$(dirname "$0")/lib/*" io.temporal.testserver.TestServer "$@"
`;

const folderOf = (context: SourceContext): string => join(context.cacheDir, 'temporal-test-server');

/** The test server's jars in the cache, with the script that starts them. */
export const cachedJars: PartSource = {
  name: 'its jars in the Windlass cache',
  find: async (context): Promise<Found> => {
    const path = join(folderOf(context), 'test-server');
    if (!existsSync(path)) return { missing: `${path} does not exist` };
    return onPath('java', context.env) === undefined ? NO_JAVA : { path };
  },
};

/** Fetches the test server and what it needs from Maven Central (39 jars, 33 MB) into the cache. */
export const mavenJars: PartSource = {
  name: `Maven (io.temporal:temporal-test-server:${VERSION})`,
  makes: true,
  find: async (context): Promise<Found> => {
    if (onPath('java', context.env) === undefined) return NO_JAVA;
    const maven = onPath('mvn', context.env);
    if (maven === undefined) return { missing: 'there is no Maven (mvn) on PATH' };
    mkdirSync(context.cacheDir, { recursive: true });
    const made = mkdtempSync(join(context.cacheDir, 'maven-'));
    const args = [
      '-q',
      '-B',
      'dependency:copy-dependencies',
      '-DoutputDirectory=lib',
      '-DincludeScope=runtime',
    ];
    const doing = "fetching Temporal's time-skipping test server with Maven";
    try {
      writeFileSync(join(made, 'pom.xml'), POM);
      await runAndTell({ program: maven, args, doing, cwd: made }, context);
      writeFileSync(join(made, 'test-server'), START, { mode: 0o755 });
      rmSync(folderOf(context), { recursive: true, force: true });
      renameSync(made, folderOf(context));
      return { path: join(folderOf(context), 'test-server') };
    } catch (error) {
      return { missing: reasonOf(error) };
    } finally {
      rmSync(made, { recursive: true, force: true });
    }
  },
};
