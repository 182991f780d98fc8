import { createTwoFilesPatch } from 'diff';
import { environmentSource } from '../../../domain/pipelines/environment-source.ts';
import { changedFields, type ChangedField } from '../../../domain/pipelines/changed-fields.ts';
import { changedPackages, type ChangedPackage } from '../../../domain/pipelines/lock-packages.ts';
import type { PipelineVersion } from '../../../contracts/build/pipeline-version.ts';
import type { ProjectFile } from '../../../ports/source-control.ts';

export interface ChangedFile {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Unified diff; absent for what is no text, or too long to read. */
  readonly diff?: string;
  /** Why there is no diff. */
  readonly note?: string;
}

interface Side {
  readonly version: string;
  readonly digest: string;
  readonly repository: string;
  readonly commit: string;
  readonly environment: string;
  readonly publishedAt: string;
}

/** What differs between two published pipeline versions. */
export interface PipelineDiff {
  readonly identical: boolean;
  readonly from: Side;
  readonly to: Side;
  readonly spec: readonly ChangedField[];
  readonly packages: readonly ChangedPackage[];
  readonly files: readonly ChangedFile[];
}

export interface PipelineWithFiles {
  readonly pipeline: PipelineVersion;
  readonly files: readonly ProjectFile[];
}

const LONGEST_TEXT = 64 * 1024;

function side({ name, version, digest, source, environment, createdAt }: PipelineVersion): Side {
  const { repository, commit } = source;
  return { version: `${name}@${version}`, digest, repository, commit, environment, publishedAt: createdAt };
}

function patch(
  path: string,
  from: ProjectFile | undefined,
  to: ProjectFile | undefined,
): Partial<ChangedFile> {
  const contents = [from, to].map((f) => f?.content ?? Buffer.alloc(0));
  if (contents.some((c) => c.includes(0))) return { note: 'no text' };
  if (contents.some((c) => c.length > LONGEST_TEXT))
    return { note: `longer than ${LONGEST_TEXT / 1024} KiB` };
  const [before = '', after = ''] = contents.map((c) => c.toString('utf8'));
  if (before === after) return { note: `${from?.kind ?? 'nothing'} became ${to?.kind ?? 'nothing'}` };
  const names = [
    from === undefined ? '/dev/null' : `a/${path}`,
    to === undefined ? '/dev/null' : `b/${path}`,
  ] as const;
  const text = createTwoFilesPatch(names[0], names[1], before, after, undefined, undefined, { context: 3 });
  return { diff: text.replace(/^=+\n/, '') };
}

function changedFiles(from: readonly ProjectFile[], to: readonly ProjectFile[]): ChangedFile[] {
  const [before, after] = [from, to].map((files) => new Map(files.map((f) => [f.path, f])));
  const paths = [...new Set([...from, ...to].map((f) => f.path))].sort();
  return paths.flatMap((path): ChangedFile[] => {
    const [a, b] = [before?.get(path), after?.get(path)];
    if (a !== undefined && b !== undefined && a.kind === b.kind && a.content.equals(b.content)) return [];
    const change = a === undefined ? 'added' : b === undefined ? 'removed' : 'changed';
    return [{ path, change, ...patch(path, a, b) }];
  });
}

/** The text that names the packages; for an image its reference, which the specification shows. */
function lockText({ pipeline, files }: PipelineWithFiles): string {
  const source = environmentSource(pipeline.spec.environment);
  if (source.kind === 'image') return '';
  return files.find((f) => f.path === source.path)?.content.toString('utf8') ?? '';
}

/** Compares two versions by what they are made of: specification, packages, files. */
export function comparePipelines(from: PipelineWithFiles, to: PipelineWithFiles): PipelineDiff {
  const spec = changedFields(from.pipeline.spec, to.pipeline.spec);
  const packages = changedPackages(lockText(from), lockText(to));
  const files = changedFiles(from.files, to.files);
  return {
    identical: from.pipeline.digest === to.pipeline.digest,
    from: side(from.pipeline),
    to: side(to.pipeline),
    spec,
    packages,
    files,
  };
}
