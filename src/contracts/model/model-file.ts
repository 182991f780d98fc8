/**
 * Dynamically quantised operators, DynamicQuantizeLinear and DynamicQuantizeLSTM, are in the file
 * by these names.
 */
const SCALED_BY_BATCH = new TextEncoder().encode('DynamicQuantize');

/**
 * Whether a model (bytes of an ONNX file) scales its activations by the batch that it sees, so that
 * a row's score would depend on its neighbours: then rows are scored one by one, on the device as
 * when it was judged.
 */
export function scoresRowsAlone(onnx: Uint8Array): boolean {
  const first = SCALED_BY_BATCH[0] as number;
  for (let at = onnx.indexOf(first); at !== -1; at = onnx.indexOf(first, at + 1))
    if (SCALED_BY_BATCH.every((byte, i) => onnx[at + i] === byte)) return true;
  return false;
}
