import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { Comparison } from '../../src/contracts/build/comparison.ts';
import type { EvaluationMetrics } from '../../src/contracts/build/evaluation.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import { digestsOf } from '../../src/domain/registry/artefact-digests.ts';
import { evaluationGates } from '../../src/domain/model-gates/evaluation-gates.ts';
import { sliceGates } from '../../src/domain/model-gates/slice-gates.ts';
import type { EvaluationReport } from '../../src/contracts/build/evaluation.ts';
import type { Explanation } from '../../src/contracts/build/explanation.ts';
import type { ModelCard } from '../../src/contracts/model/model-card.ts';
import {
  importedCard,
  modelCard,
  type ImportedCardContent,
  type ModelCardContent,
} from '../../src/domain/registry/model-card.ts';
import { percent } from '../../src/base/percent.ts';
import { refuseGates } from '../../src/application/refuse-gates.ts';
import { cachedStep, type StepDeps } from '../shared/cached-step.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { inRunFolder } from '../shared/run-folder.ts';
import { environmentOf } from '../environment/environment-activities.ts';
import { championIdentity, compareWithChampion, type CompareDeps, type CompareRequest } from './compare.ts';
import { explain, type ExplainRequest } from './explain.ts';
import { evaluate, readEvaluation, reportRows, type EvaluateRequest, type Evaluation } from './evaluate.ts';

export interface EvaluationDeps extends CompareDeps, StepDeps {
  readonly work: string;
  /** The card as a self-contained page that carries its JSON twin. */
  readonly renderCard: (card: ModelCard) => string;
}
export type EvaluationActivities = ReturnType<typeof createEvaluationActivities>;

export interface JudgedEvaluation extends Evaluation {
  readonly gates: readonly GateResult[];
}

export interface CardRequest extends ModelCardContent {
  /** EvaluationReport */
  readonly report: ArtefactRef;
  /** Explanation */
  readonly explanation: ArtefactRef;
}

export interface ImportedCardRequest extends ImportedCardContent {
  /** EvaluationReport and Explanation, where it was measured. */
  readonly report: ArtefactRef | null;
  readonly explanation: ArtefactRef | null;
}

async function readMeasured(
  { artefacts }: Pick<EvaluationDeps, 'artefacts'>,
  report: ArtefactRef,
  explanation: ArtefactRef,
): Promise<{ readonly evaluation: EvaluationReport; readonly explanation: Explanation }> {
  const text = (await artefacts.read(explanation.digest)).toString('utf8');
  return {
    evaluation: await readEvaluation(artefacts, report),
    explanation: JSON.parse(text) as Explanation,
  };
}

/**
 * What decides the tensors that a calibrate command fits; nothing for a built-in fit, which the
 * spec describes whole.
 */
async function calibrationIdentity(
  deps: EvaluationDeps,
  code: EvaluateRequest,
  signal: AbortSignal,
): Promise<{ bundle: string; environment: string } | undefined> {
  if (code.spec.model.calibration.fit !== 'command') return undefined;
  const { key } = await environmentOf(deps, code, { signal });
  return { bundle: code.bundle.digest, environment: key };
}

/** Everything that decides what an evaluation gives. */
async function scoring(deps: EvaluationDeps, request: EvaluateRequest, signal: AbortSignal): Promise<object> {
  const { spec, folds, data, seed } = request;
  return {
    folds: digestsOf(folds),
    data: data.digest,
    spec: {
      data: spec.data,
      model: spec.model,
      slices: spec.evaluation.slices,
      costs: spec.evaluation.costs ?? null,
      chunkRows: reportRows(spec),
    },
    seed,
    calibrate: await calibrationIdentity(deps, request, signal),
  };
}

function describeMetrics(m: EvaluationMetrics): string {
  return `F1 ${m.f1.toFixed(4)} (always alarm ${m.alwaysAlarmF1.toFixed(4)}), false alarms ${percent(m.falseAlarmRate)}, missed ${percent(m.missedAlarmRate)}, AUC ${m.auc.toFixed(4)}; ${m.rows} windows of ${m.groups} groups`;
}

/** Activities that measure a model on data it did not see, and against the champion. */
export function createEvaluationActivities(deps: EvaluationDeps) {
  return {
    /**
     * Metrics, scores and monitoring baseline; throws GATE_FAILED when windlass.yaml demands more.
     */
    evaluateModel: (request: EvaluateRequest & { reuse: boolean }): Promise<StepOutput<JudgedEvaluation>> =>
      withHeartbeats(async (report, signal) => {
        const { spec, reuse } = request;
        const identity = {
          step: 'evaluate',
          version: 3,
          inputs: await scoring(deps, request, signal),
          same: 'same fold models, data and scoring',
          reuse,
        };
        const output = await inRunFolder(deps.work, 'evaluate', (folder) =>
          cachedStep(deps, identity, () =>
            evaluate(deps, request, { folder, signal, report: (message) => report({ message }) }),
          ),
        );
        const { slices } = await readEvaluation(deps.artefacts, output.value.report);
        const gates = [
          ...evaluationGates(output.value.metrics, spec),
          ...sliceGates(slices, spec.evaluation.slices),
        ];
        refuseGates(gates, 'the evaluation');
        return {
          ...output,
          value: { ...output.value, gates },
          gates,
          message: describeMetrics(output.value.metrics),
        };
      }),

    /** What the scores of an evaluation rest on. */
    explainModel: (request: ExplainRequest & { reuse: boolean }): Promise<StepOutput<ArtefactRef>> =>
      withHeartbeats(async (report, signal) => {
        const { folds, scores, reuse } = request;
        const identity = {
          step: 'explain',
          version: 2,
          inputs: { ...(await scoring(deps, request, signal)), scores: scores.digest },
          same: 'same fold models, data and scores',
          reuse,
        };
        const output = await inRunFolder(deps.work, 'explain', (folder) =>
          cachedStep(deps, identity, () =>
            explain(deps, request, { folder, signal, report: (message) => report({ message }) }),
          ),
        );
        return { ...output, message: `by ${Object.keys(folds).length} fold models` };
      }),

    /** Verdict against the champion; a bad verdict is a result, not an error. */
    compareModel: (request: CompareRequest & { reuse: boolean }): Promise<StepOutput<Comparison>> =>
      withHeartbeats(async (report, signal) => {
        const { spec, data, scores, seed, reuse } = request;
        const identity = {
          step: 'compare',
          version: 2,
          inputs: {
            champion: await championIdentity(deps.registry, request.against ?? spec.name),
            scores: scores.digest,
            data: data.digest,
            spec: { data: spec.data, model: spec.model, evaluation: spec.evaluation },
            seed,
          },
          same: 'same champion, same scores',
          reuse,
        };
        const output = await inRunFolder(deps.work, 'compare', (folder) =>
          cachedStep(deps, identity, () =>
            compareWithChampion(deps, request, { folder, signal, report: (message) => report({ message }) }),
          ),
        );
        return { ...output, message: `${output.value.verdict}: ${output.value.reason}` };
      }),

    /** The model card as artefact: a page that carries its JSON twin. */
    writeModelCard: ({ report, explanation, ...content }: CardRequest): Promise<ArtefactRef> =>
      withHeartbeats(async () => {
        const card = modelCard(content, await readMeasured(deps, report, explanation));
        return deps.artefacts.put(deps.renderCard(card), 'text/html');
      }),

    /** The card of an imported model: what was found out of it here, and what its lineage lacks. */
    writeImportedCard: ({ report, explanation, ...content }: ImportedCardRequest): Promise<ArtefactRef> =>
      withHeartbeats(async () => {
        const measured =
          report === null || explanation === null ? null : await readMeasured(deps, report, explanation);
        return deps.artefacts.put(deps.renderCard(importedCard(content, measured)), 'text/html');
      }),
  };
}
