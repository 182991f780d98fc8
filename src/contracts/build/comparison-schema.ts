import { z } from 'zod';
import { countSchema, measuredSchema, objectOf } from '../object-schema.ts';
import { type Comparison, type ComparisonDiagnostics, type GuardrailResult, VERDICTS } from './comparison.ts';
import { confusionSchema } from './evaluation-schema.ts';
import { RULES, type RuleResult } from './rule-results.ts';

const intervalSchema = z.tuple([measuredSchema, measuredSchema]);

const ruleResultSchema = objectOf<RuleResult>({
  rule: z.enum(RULES),
  f1: measuredSchema,
  falseAlarmRate: measuredSchema,
  missedAlarmRate: measuredSchema,
  costPerDeviceDay: measuredSchema.nullable(),
  confusion: confusionSchema,
});

const guardrailResultSchema = objectOf<GuardrailResult>({
  name: z.string(),
  status: z.enum(['kept', 'breached', 'insufficient']),
  champion: measuredSchema.nullable(),
  challenger: measuredSchema.nullable(),
  worse: measuredSchema.nullable(),
  interval: intervalSchema.nullable(),
  margin: z.number(),
  p: measuredSchema.nullable(),
  adjustedP: measuredSchema.nullable(),
  rows: countSchema,
  groups: countSchema,
});

type DeLong = NonNullable<ComparisonDiagnostics['deLong']>;

const diagnosticsSchema = objectOf<ComparisonDiagnostics>({
  deLong: objectOf<DeLong>({
    champion: measuredSchema,
    challenger: measuredSchema,
    difference: measuredSchema,
    z: measuredSchema,
    p: measuredSchema,
  }).nullable(),
  mcNemar: objectOf<ComparisonDiagnostics['mcNemar']>({
    onlyChampion: countSchema,
    onlyChallenger: countSchema,
    pExact: measuredSchema,
    pCorrected: measuredSchema,
    accuracyDifference: measuredSchema,
    interval: intervalSchema,
  }),
});

export const comparisonSchema = objectOf<Comparison>({
  verdict: z.enum(VERDICTS),
  metric: z.literal('f1'),
  champion: z.object({ version: z.string(), value: measuredSchema }).nullable(),
  challenger: z.object({ value: measuredSchema }),
  difference: measuredSchema.nullable(),
  interval: intervalSchema.nullable(),
  margin: z.number(),
  rows: countSchema,
  groups: countSchema,
  replicates: countSchema,
  reason: z.string(),
  primaryVerdict: z.enum(VERDICTS).optional(),
  guardrails: z.array(guardrailResultSchema).optional(),
  diagnostics: diagnosticsSchema.optional(),
  rules: z.array(ruleResultSchema).optional(),
}).meta({ id: 'Comparison' });
