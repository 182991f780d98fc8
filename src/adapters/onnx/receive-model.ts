import { constants } from 'node:fs';
import { copyFile, lstat, readlink } from 'node:fs/promises';
import type { GateResult } from '../../contracts/gate.ts';
import { gate } from '../../domain/gates/build.ts';
import { WindlassError } from '../../errors/windlass-error.ts';

/**
 * Takes a copy of a model file that comes from outside, so that what is judged is what is kept. A
 * symbolic link and a file with more than one name are refused: they lead elsewhere, or can be
 * changed under another name. Throws NOT_FOUND or INPUT_INVALID.
 */
export async function receiveModel(file: string, copy: string): Promise<GateResult> {
  const found = await lstat(file).catch((error: unknown) => {
    throw new WindlassError('NOT_FOUND', `There is no file ${file}.`, {
      cause: error,
      hint: 'Name the .onnx file itself.',
    });
  });
  if (found.isDirectory() || (!found.isFile() && !found.isSymbolicLink()))
    throw new WindlassError('INPUT_INVALID', `${file} is no file.`, { hint: 'Name the .onnx file itself.' });
  const seen = { threshold: 'a file with one name', n: 1 };
  if (found.isSymbolicLink())
    return gate('plain-file', 'fail', {
      ...seen,
      observed: 'symbolic link',
      reason: `it is a symbolic link to ${await readlink(file)}: name the file itself`,
    });
  if (found.nlink > 1)
    return gate('plain-file', 'fail', {
      ...seen,
      observed: `${found.nlink} names`,
      reason: `the file has ${found.nlink} names (hard links), and under another it can be changed after it was judged: name a copy`,
    });
  await copyFile(file, copy, constants.COPYFILE_FICLONE);
  return gate('plain-file', 'pass', {
    ...seen,
    observed: 'a file with one name',
    reason: 'judged is a copy of it',
  });
}
