import * as ort from 'onnxruntime-node';
import { tinyGolden, tinyModelBytes } from '../support/tiny-model.ts';

test('the hand-encoded graph gives the probabilities that plain arithmetic gives', async () => {
  const session = await ort.InferenceSession.create(tinyModelBytes());
  const golden = tinyGolden();
  const feeds = Object.fromEntries(
    Object.entries(golden.inputs).map(([name, t]) => [
      name,
      new ort.Tensor('float32', Float32Array.from(t.data), t.shape),
    ]),
  );
  const out = await session.run(feeds);
  const got = Array.from(out['probability']?.data as Float32Array);
  const expected = golden.outputs['probability']?.data ?? [];
  expect(got).toHaveLength(expected.length);
  expect(Math.max(...got.map((p, i) => Math.abs(p - (expected[i] ?? NaN))))).toBeLessThan(1e-5);
  // the rows differ: parity means something
  expect(Math.max(...got) - Math.min(...got)).toBeGreaterThan(0.5);
  await session.release();
});
