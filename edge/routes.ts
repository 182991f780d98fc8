import type { IncomingMessage } from 'node:http';
import { HttpError, parseObject, readBody, type Reply } from './http-io.ts';
import type { Metrics } from './metrics.ts';
import type { EdgeModel } from './model.ts';
import type { ModuleParts } from './module-parts.ts';
import { moduleSamples } from './module-samples.ts';
import { infer, modelMetadata } from './open-inference.ts';
import { parseRows, parseScore } from './score-request.ts';

/** What the routes answer from. */
export interface Context {
  readonly version: string;
  /** Largest request body in bytes. */
  readonly maxBodyBytes: number;
  readonly metrics: Metrics;
  readonly parts: () => ModuleParts;
  readonly loaded: () => ModuleParts | undefined;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Name in the metrics. */
  readonly name: string;
  readonly path: RegExp;
  readonly reply: (
    context: Context,
    match: RegExpExecArray,
    request: IncomingMessage,
  ) => Promise<Reply> | Reply;
}

/** The model that a path names, when it may score. */
function modelOf(context: Context, match: RegExpExecArray): EdgeModel {
  const { model } = context.parts();
  const name = decodeURIComponent(match[1] ?? '');
  const version = match[2] === undefined ? undefined : decodeURIComponent(match[2]);
  if (name !== model.manifest.name)
    throw new HttpError(404, `model "${name}" is not known; this module serves "${model.manifest.name}"`);
  if (version !== undefined && version !== model.manifest.version)
    throw new HttpError(
      404,
      `version "${version}" of "${name}" is not known; this is ${model.manifest.version}`,
    );
  return model;
}

function mayScore(model: EdgeModel): EdgeModel {
  if (model.refusal !== null) throw new HttpError(503, `the model must not score: ${model.refusal}`);
  return model;
}

const isReady = (context: Context): boolean => context.loaded()?.model.refusal === null;
const body = (context: Context, request: IncomingMessage): Promise<Buffer> =>
  readBody(request, context.maxBodyBytes);

const MODEL = '/v2/models/([^/]+)(?:/versions/([^/]+))?';

/** Everything that the module answers over HTTP. */
export const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    name: 'server',
    path: /^\/v2\/?$/,
    reply: ({ version }) => ({
      body: { name: 'windlass-edge', version, extensions: ['binary_tensor_data'] },
    }),
  },
  { method: 'GET', name: 'live', path: /^\/v2\/health\/live$/, reply: () => ({ body: { live: true } }) },
  {
    method: 'GET',
    name: 'ready',
    path: /^\/v2\/health\/ready$/,
    reply: (context) => ({ status: isReady(context) ? 200 : 503, body: { ready: isReady(context) } }),
  },
  {
    method: 'GET',
    name: 'model',
    path: new RegExp(`^${MODEL}$`),
    reply: (context, match) => ({ body: modelMetadata(modelOf(context, match)) }),
  },
  {
    method: 'GET',
    name: 'model_ready',
    path: new RegExp(`^${MODEL}/ready$`),
    reply: (context, match) => {
      const ready = modelOf(context, match).refusal === null;
      return { status: ready ? 200 : 503, body: { name: context.parts().model.manifest.name, ready } };
    },
  },
  {
    method: 'POST',
    name: 'infer',
    path: new RegExp(`^${MODEL}/infer$`),
    reply: async (context, match, request) => {
      const model = mayScore(modelOf(context, match));
      const header = request.headers['inference-header-content-length'];
      const jsonLength = Array.isArray(header) ? header[0] : header;
      const bytes = await body(context, request);
      const began = performance.now();
      const reply = await infer(model, { bytes, jsonLength });
      context.metrics.observeInference((performance.now() - began) / 1000);
      return reply;
    },
  },
  {
    method: 'POST',
    name: 'score',
    path: /^\/score$/,
    reply: async (context, _, request) => {
      const { model, entry, scorer } = context.parts();
      mayScore(model);
      const { calibration: given, ...data } = parseScore(
        parseObject(await body(context, request)),
        model.manifest,
      );
      const calibration = given ?? scorer.inputs;
      if (!calibration)
        throw new HttpError(409, 'no calibration: this device has none yet, and the request gives none');
      return { body: await entry.run({ ...data, calibration }) };
    },
  },
  {
    method: 'POST',
    name: 'calibration',
    path: /^\/calibration$/,
    reply: async (context, _, request) => {
      const { model, scorer } = context.parts();
      mayScore(model);
      const problem = await scorer.deliver(parseObject(await body(context, request)));
      if (problem !== undefined) throw new HttpError(400, `the calibration is refused: ${problem}`);
      return { body: { state: scorer.state, calibration: scorer.attestation().calibration } };
    },
  },
  {
    method: 'POST',
    name: 'rows',
    path: /^\/rows$/,
    reply: async (context, _, request) => {
      const { model, scorer } = context.parts();
      mayScore(model);
      const totals = await scorer.ingest(
        parseRows(parseObject(await body(context, request)), model.manifest),
      );
      return { body: { state: scorer.state, ...totals } };
    },
  },
  {
    method: 'GET',
    name: 'attestation',
    path: /^\/attestation$/,
    reply: (context) => ({ body: context.parts().scorer.attestation() }),
  },
  {
    method: 'GET',
    name: 'metrics',
    path: /^\/metrics$/,
    reply: (context) => ({ body: context.metrics.render(moduleSamples(context.loaded())) }),
  },
];
