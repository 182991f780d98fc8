import { IMAGE_USER } from '../oci/image-config.ts';

/**
 * A graph of one Identity node, 97 bytes of ONNX (opset 13): enough to load the library and run it.
 */
const IDENTITY_MODEL =
  'CAgSDXdpbmRsYXNzLXRlc3Q6SAocCgF4EgF5GgpJZGVudGl0eV95IghJZGVudGl0eRIEdGlueVoQCgF4EgsKCQgBEgUKAxIBTmIQCgF5EgsKCQgBEgUKAxIBTkIECgAQDQ==';

/** What the build prints when the environment holds all that the server needs. */
export const PROOF_MARK = 'windlass-proof';

/**
 * The program of the build's RUN step: Node starts as the image's user, loads ONNX Runtime, and
 * scores one number.
 */
export const PROOF_PROGRAM = `
const ort = require('onnxruntime-node');
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) throw new Error('the environment has Node ' + process.versions.node + '; 24 or newer is needed');
if (process.getuid() !== ${IMAGE_USER}) throw new Error('runs as uid ' + process.getuid());
(async () => {
  const session = await ort.InferenceSession.create(Buffer.from('${IDENTITY_MODEL}', 'base64'));
  const out = await session.run({ x: new ort.Tensor('float32', [2.5], [1]) });
  if (out.y.data[0] !== 2.5) throw new Error('ONNX Runtime gave ' + out.y.data[0] + ' for 2.5');
  console.log('${PROOF_MARK} ' + JSON.stringify({ node: process.versions.node, onnxruntime: ort.env.versions.node ?? ort.env.versions.common }));
})().catch((error) => { console.error(error); process.exit(1); });
`;
