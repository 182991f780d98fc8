import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { sensorFiles } from '../../src/adapters/duckdb/sensor-files.ts';
import { tempFolder } from '../support/temp-folder.ts';

const csv =
  'time;vibration;regime\n2026-01-01 00:00:00;1.5;low\n2026-01-01 00:00:01;2;\n2026-01-01 00:00:02;3;"a;b"\n';

test('slicing columns are read as text, row by row, from CSV and Parquet alike', async () => {
  const { path: folder, remove } = tempFolder('slices');
  const file = join(folder, 'a.csv');
  writeFileSync(file, csv);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(
    `copy (select * from (values (1.5, 'low'), (2, null), (3, 'a;b')) t(vibration, regime)) to '${join(folder, 'a.parquet')}' (format parquet)`,
  );
  connection.closeSync();
  for (const name of ['a.csv', 'a.parquet']) {
    const read = await sensorFiles.readTexts(join(folder, name), ['regime']);
    expect(read).toEqual({ regime: ['low', '', 'a;b'] });
    await expect(sensorFiles.readTexts(join(folder, name), ['site'])).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: `${name} has no column "site".`,
    });
  }
  remove();
});
