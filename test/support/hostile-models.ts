import { gzipSync } from 'node:zlib';
import {
  bytes,
  constant,
  encodeGraph,
  encodeModel,
  int,
  message,
  node,
  opsetImport,
  tensorInfo,
  type Graph,
} from './onnx-encode.ts';
import { TINY_WINDOW, tinyModelBytes } from './tiny-model.ts';

/** A file that must be refused, the gate that refuses it, and a word of the reason. */
export interface HostileModel {
  readonly name: string;
  readonly gate: string;
  readonly reason: RegExp;
  readonly model: Buffer;
  readonly controlFlow?: boolean;
}

const WIDTH = 8;
export const INPUTS = [
  tensorInfo('window', ['N', TINY_WINDOW, WIDTH]),
  tensorInfo('baseline_mean', ['N', WIDTH]),
  tensorInfo('baseline_std', ['N', WIDTH]),
];
/** From the inputs to `level` [N], the mean z-value. */
export const LEVEL = [
  node('ReduceMean', ['window'], 'row_mean', { axes: [1], keepdims: 0 }),
  node('Sub', ['row_mean', 'baseline_mean'], 'offset'),
  node('Div', ['offset', 'baseline_std'], 'z'),
  node('ReduceMean', ['z'], 'level', { axes: [1], keepdims: 0 }),
];
const SCORE = node('Sigmoid', ['level'], 'probability');

/** A sound model with the signature of the tiny one, except for what is changed. */
export function variant(change: Partial<Graph> = {}): Buffer {
  return encodeModel({
    opset: 17,
    inputs: INPUTS,
    outputs: [tensorInfo('probability', ['N'])],
    constants: [],
    nodes: [...LEVEL, SCORE],
    ...change,
  });
}

/** A sound model that goes from `level` to `probability` by these nodes. */
export const scoring = (nodes: readonly Buffer[], change: Partial<Graph> = {}): Buffer =>
  variant({ nodes: [...LEVEL, ...nodes], ...change });

/** Fields of TensorProto: values in another file. */
const outside = (location: string): Buffer[] => [
  message(13, [bytes(1, 'location'), bytes(2, location)]),
  int(14, 1),
];
const externalTensor = (name: string, location: string): Buffer =>
  Buffer.concat([int(1, 4), int(2, 1), bytes(8, name), ...outside(location)]);

/** Attribute with a tensor (field 5) or a graph (field 6). */
export const attribute = (name: string, field: 5 | 6, content: Buffer): Buffer =>
  message(5, [bytes(1, name), bytes(field, content), int(20, field === 5 ? 4 : 5)]);
export const withParts = (head: Buffer, ...parts: Buffer[]): Buffer => Buffer.concat([head, ...parts]);
const constantNode = (tensor: Buffer, output: string): Buffer =>
  withParts(node('Constant', [], output), attribute('value', 5, tensor));

/** A branch without inputs whose one output comes from the given nodes. */
const branch = (nodes: readonly Buffer[], output: string, graphParts: readonly Buffer[] = []): Buffer =>
  encodeGraph({ nodes, constants: [], inputs: [], outputs: [tensorInfo(output, ['N'])], graphParts });
const ifNode = (output: string, then: Buffer, otherwise: Buffer): Buffer =>
  withParts(
    node('If', ['flag'], output),
    attribute('then_branch', 6, then),
    attribute('else_branch', 6, otherwise),
  );
/** A bool scalar `flag` that is true. */
export const FLAG = Buffer.concat([int(2, 9), bytes(8, 'flag'), bytes(9, Buffer.from([1]))]);
const identity = (output: string): Buffer => branch([node('Identity', ['level'], output)], output);

function nested(depth: number): Buffer {
  let inner = identity('deep');
  for (let i = 0; i < depth; i += 1) inner = branch([ifNode(`b${i}`, inner, identity(`c${i}`))], `b${i}`);
  return scoring([ifNode('deepest', inner, identity('other')), node('Sigmoid', ['deepest'], 'probability')], {
    constants: [FLAG],
  });
}

const inDomain = (head: Buffer, domain: string): Buffer => withParts(head, bytes(7, domain));

/** FunctionProto of one input and one output in the domain "own". */
function ownFunction(name: string, nodes: readonly Buffer[], domain = 'own'): Buffer {
  return message(25, [
    bytes(1, name),
    bytes(4, 'x'),
    bytes(5, 'y'),
    ...nodes.map((n) => bytes(7, n)),
    opsetImport('', 17, 9),
    ...(domain === 'own' ? [opsetImport('own', 1, 9)] : []),
    bytes(10, domain),
  ]);
}
const call = (name: string, input: string, output: string): Buffer =>
  inDomain(node(name, [input], output), 'own');
const calling = (first: string, functions: readonly Buffer[]): Buffer =>
  scoring([call(first, 'level', 'own_level'), node('Sigmoid', ['own_level'], 'probability')], {
    modelParts: [opsetImport('own', 1), ...functions],
  });

/** Thirty functions, each of which calls the next one twice. */
const laughs = calling(
  'f0',
  Array.from({ length: 30 }, (_, i) =>
    ownFunction(
      `f${i}`,
      i === 29
        ? [node('Identity', ['x'], 'y')]
        : [call(`f${i + 1}`, 'x', 'half'), call(`f${i + 1}`, 'half', 'y')],
    ),
  ),
);

const weights = (dims: readonly number[], extra: readonly Buffer[] = []): Graph['constants'] => [
  Buffer.concat([...dims.map((d) => int(1, d)), int(2, 1), bytes(8, 'weights'), ...extra]),
];
const sparse = (parts: readonly Buffer[]): Buffer => message(15, parts);

function random(length: number): Buffer {
  let state = 12_345;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    }),
  );
}

/** Files that no runtime may see: what is wrong with them can be read. */
export function hostileModels(): HostileModel[] {
  const refuse =
    (gate: string, reason: RegExp) =>
    (name: string, model: Buffer): HostileModel => ({
      name,
      gate,
      reason,
      model,
    });
  const file = refuse('onnx-file', /ONNX model|functions/);
  const external = refuse('onnx-self-contained', /other files/);
  const graph = refuse('onnx-graph', /./);
  const operators = refuse('onnx-operators', /not available/);
  const signature = refuse('onnx-signature', /./);
  const whole = tinyModelBytes();
  return [
    file('an empty file', Buffer.alloc(0)),
    file('random bytes', random(4096)),
    file('a truncated file', whole.subarray(0, whole.length - 40)),
    file('a compressed file', gzipSync(whole)),
    file('a page of HTML', Buffer.from('<html><body>404 not found</body></html>')),
    file('no graph', Buffer.concat([int(1, 8), opsetImport('', 17)])),
    file('a graph without nodes', variant({ nodes: [] })),
    {
      ...file(
        'two graphs, which some readers merge',
        Buffer.concat([message(7, [bytes(5, externalTensor('level', 'weights.bin'))]), variant()]),
      ),
      reason: /more than once/,
    },
    {
      ...file(
        'a name that is not UTF-8',
        scoring([
          node('Sigmoid', ['level'], 'probability'),
          Buffer.concat([bytes(1, Buffer.from([0xff, 0xfe])), bytes(2, 'x'), bytes(4, 'Abs')]),
        ]),
      ),
      reason: /UTF-8/,
    },
    {
      ...file(
        'a text of two megabytes',
        variant({ graphParts: [bytes(1, node('A'.repeat(2_000_000), ['level'], 'x'))] }),
      ),
      reason: /more than 1048576 bytes/,
    },
    {
      ...file(
        'two million empty nodes',
        Buffer.concat([int(1, 8), bytes(7, Buffer.alloc(4_000_000, Buffer.from([0x0a, 0])))]),
      ),
      reason: /parts/,
    },
    { ...file('branches in branches, 40 deep', nested(40)), reason: /levels deep/ },
    {
      ...file('a group, which ONNX does not use', Buffer.concat([whole, Buffer.from([0x9b, 0x06])])),
      reason: /wire type/,
    },
    file('a number of eleven bytes', Buffer.concat([Buffer.from([8]), Buffer.alloc(11, 0xff), whole])),
    file(
      'more functions than can be',
      variant({
        modelParts: [
          opsetImport('own', 1),
          ...Array.from({ length: 1_001 }, (_, i) => ownFunction(`f${i}`, [node('Identity', ['x'], 'y')])),
        ],
      }),
    ),

    external(
      'weights in a file beside it (which may be a hard link)',
      variant({ constants: [externalTensor('w', 'weights.bin')] }),
    ),
    external(
      'weights in a folder above',
      variant({ constants: [externalTensor('w', '../../../etc/passwd')] }),
    ),
    external('weights at an absolute path', variant({ constants: [externalTensor('w', '/etc/passwd')] })),
    external(
      'external data in an attribute',
      scoring([constantNode(externalTensor('w', 'weights.bin'), 'w'), SCORE]),
    ),
    external(
      'external data in a branch',
      scoring(
        [
          ifNode(
            'chosen',
            branch([constantNode(externalTensor('w', 'weights.bin'), 't')], 't'),
            identity('e'),
          ),
          node('Sigmoid', ['chosen'], 'probability'),
        ],
        { constants: [FLAG] },
      ),
    ),
    external(
      'external data in the weights of a branch',
      scoring(
        [
          ifNode(
            'chosen',
            branch([node('Identity', ['w'], 't')], 't', [bytes(5, externalTensor('w', 'weights.bin'))]),
            identity('e'),
          ),
          node('Sigmoid', ['chosen'], 'probability'),
        ],
        { constants: [FLAG] },
      ),
    ),
    external(
      'external data in a function',
      calling('f', [
        ownFunction('f', [
          constantNode(externalTensor('w', 'weights.bin'), 'w'),
          node('Add', ['x', 'w'], 'y'),
        ]),
      ]),
    ),
    external(
      'external data in a sparse tensor',
      variant({
        graphParts: [
          sparse([
            bytes(1, externalTensor('w', 'weights.bin')),
            bytes(2, constant('i', [1], [0])),
            int(3, 4),
          ]),
        ],
      }),
    ),
    external(
      'external data in a training graph',
      variant({ modelParts: [message(20, [message(2, [bytes(5, externalTensor('w', 'weights.bin'))])])] }),
    ),
    external(
      'external data without a place',
      variant({ constants: [Buffer.concat([int(1, 4), int(2, 1), bytes(8, 'w'), int(14, 1)])] }),
    ),

    {
      ...refuse('onnx-tensors', /1000000000000 elements/)(
        'a tensor that declares 10¹² elements',
        variant({ constants: weights([1_000_000, 1_000_000], [bytes(9, Buffer.alloc(4))]) }),
      ),
    },
    refuse('onnx-tensors', /negative/)(
      'a negative dimension',
      variant({ constants: weights([-1], [bytes(9, Buffer.alloc(4))]) }),
    ),
    refuse('onnx-tensors', /carries 8 bytes/)(
      'more values than declared',
      variant({ constants: weights([1], [bytes(9, Buffer.alloc(8))]) }),
    ),
    refuse('onnx-tensors', /carries 0/)('values that are not there', variant({ constants: weights([3]) })),
    refuse('onnx-tensors', /element type 99/)(
      'an element type that does not exist',
      variant({
        constants: [Buffer.concat([int(1, 1), int(2, 99), bytes(8, 'w'), bytes(9, Buffer.alloc(4))])],
      }),
    ),
    refuse('onnx-tensors', /dense/)(
      'a sparse tensor of 10¹² elements',
      variant({
        graphParts: [
          sparse([
            bytes(1, constant('w', [1], [1])),
            bytes(2, Buffer.concat([int(1, 1), int(2, 7), bytes(8, 'i'), bytes(9, Buffer.alloc(8))])),
            int(3, 1_000_000),
            int(3, 1_000_000),
          ]),
        ],
      }),
    ),

    {
      ...graph(
        'a circle',
        scoring([
          node('Add', ['level', 'b'], 'a'),
          node('Add', ['a', 'level'], 'b'),
          node('Sigmoid', ['b'], 'probability'),
        ]),
      ),
      reason: /circle/,
    },
    {
      ...graph(
        'a value made twice',
        scoring([
          node('Abs', ['level'], 'x'),
          node('Neg', ['level'], 'x'),
          node('Sigmoid', ['x'], 'probability'),
        ]),
      ),
      reason: /made twice/,
    },
    {
      ...graph('an input that a node overwrites', scoring([node('Abs', ['level'], 'window'), SCORE])),
      reason: /made twice/,
    },
    {
      ...graph(
        'a value that nothing makes',
        scoring([node('Sigmoid', ['weights_of_nobody'], 'probability')]),
      ),
      reason: /nothing makes/,
    },
    {
      ...graph('an output that nothing makes', scoring([node('Sigmoid', ['level'], 'score')])),
      reason: /nothing makes/,
    },
    {
      ...graph(
        'an initialiser twice',
        variant({ constants: [constant('w', [1], [1]), constant('w', [1], [2])] }),
      ),
      reason: /twice/,
    },
    {
      ...graph('an initialiser without a name', variant({ constants: [constant('', [1], [1])] })),
      reason: /no name/,
    },
    {
      ...graph('a function that calls itself', calling('f', [ownFunction('f', [call('f', 'x', 'y')])])),
      reason: /calls itself/,
    },
    {
      ...graph(
        'two functions that call each other',
        calling('f', [ownFunction('f', [call('g', 'x', 'y')]), ownFunction('g', [call('f', 'x', 'y')])]),
      ),
      reason: /calls itself/,
    },
    { ...graph('functions that unfold to a billion nodes', laughs), reason: /nodes, at most/ },
    {
      ...graph(
        'a function in the place of Sigmoid',
        variant({ modelParts: [ownFunction('Sigmoid', [node('Identity', ['x'], 'y')], '')] }),
      ),
      reason: /place of a standard operator/,
    },

    {
      ...refuse('onnx-control-flow', /gates.controlFlow/)(
        'a branch that windlass.yaml does not allow',
        scoring(
          [ifNode('chosen', identity('t'), identity('e')), node('Sigmoid', ['chosen'], 'probability')],
          { constants: [FLAG] },
        ),
      ),
    },
    {
      ...operators(
        'an operator of another domain',
        scoring([inDomain(node('Gelu', ['level'], 'probability'), 'com.microsoft')]),
      ),
      reason: /com.microsoft.Gelu/,
    },
    {
      ...operators(
        'an unknown domain',
        scoring([inDomain(node('Shell', ['level'], 'probability'), 'evil.corp')], {
          modelParts: [opsetImport('evil.corp', 1)],
        }),
      ),
      reason: /evil.corp.Shell/,
    },
    {
      ...operators(
        'an operator that does not exist',
        scoring([node('NoSuchOperator', ['level'], 'probability')]),
      ),
      reason: /there is no such operator/,
    },
    {
      ...operators(
        'an operator that came later than the operator set',
        scoring([node('Gelu', ['level'], 'probability')]),
      ),
      reason: /came with operator set 20/,
    },
    refuse('onnx-opset', /25/)('an operator set that is too new', variant({ opset: 25 })),
    refuse('onnx-opset', /outside 9/)('an operator set that is too old', variant({ opset: 7 })),
    refuse('onnx-opset', /does not say/)('no operator set', variant({ opset: 0 })),
    refuse('onnx-opset', /named twice/)(
      'two operator sets of one domain',
      variant({ modelParts: [opsetImport('ai.onnx', 13)] }),
    ),
    refuse('onnx-opset', /IR version 9999/)('an absurd IR version', variant({ irVersion: 9999 })),

    {
      ...signature(
        'a missing input',
        variant({
          inputs: INPUTS.slice(0, 2),
          nodes: [node('ReduceMean', ['baseline_mean'], 'level', { axes: [1], keepdims: 0 }), SCORE],
        }),
      ),
      reason: /baseline_std is missing/,
    },
    {
      ...signature(
        'an input of another rank',
        variant({ inputs: [tensorInfo('window', ['N', TINY_WINDOW * WIDTH]), ...INPUTS.slice(1)] }),
      ),
      reason: /window has shape/,
    },
    {
      ...signature(
        'double precision',
        variant({ inputs: [tensorInfo('window', ['N', TINY_WINDOW, WIDTH], 11), ...INPUTS.slice(1)] }),
      ),
      reason: /float64, expected float32/,
    },
    {
      ...signature('whole numbers as output', variant({ outputs: [tensorInfo('probability', ['N'], 7)] })),
      reason: /int64, expected float32/,
    },
    {
      ...signature(
        'a width that is left open',
        variant({ inputs: [tensorInfo('window', ['N', TINY_WINDOW, 'width']), ...INPUTS.slice(1)] }),
      ),
      reason: /\[N, 60, width\]/,
    },
    {
      ...signature(
        'an input more than declared',
        variant({ inputs: [...INPUTS, tensorInfo('secret', ['N'])] }),
      ),
      reason: /secret is not declared/,
    },
    {
      ...signature('a fixed batch', variant({ outputs: [tensorInfo('probability', [1])] })),
      reason: /probability has shape \[1\], expected \[N\]/,
    },
    {
      ...signature('two columns of output', variant({ outputs: [tensorInfo('probability', ['N', 2])] })),
      reason: /expected \[N\]/,
    },
    {
      ...signature(
        'an output of another name',
        scoring([node('Sigmoid', ['level'], 'score')], { outputs: [tensorInfo('score', ['N'])] }),
      ),
      reason: /probability is missing/,
    },
    refuse('feature-order', /column 1 is "Voltage"/)(
      'columns in another order',
      variant({
        modelParts: [
          message(14, [
            bytes(1, 'windlass.columns'),
            bytes(2, JSON.stringify(['Voltage', 'a', 'b', 'c', 'd', 'e', 'f', 'g'])),
          ]),
        ],
      }),
    ),
  ];
}
