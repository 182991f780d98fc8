import { z } from 'zod';
import { IDENTIFIERS, PLATFORMS } from './identifiers.ts';

export const newNameSchema = z
  .string()
  .regex(IDENTIFIERS.newName, 'expected lower-case letters, digits and dashes, e.g. "pump-health"');

export const modelNameSchema = z
  .string()
  .regex(IDENTIFIERS.name, 'expected a model name, e.g. "pump-health"');

export const modelReferenceSchema = z
  .string()
  .regex(
    IDENTIFIERS.model,
    'expected name@version or name@alias, e.g. "pump-health@3" or "pump-health@champion"',
  );

export const pipelineReferenceSchema = z
  .string()
  .regex(IDENTIFIERS.pipeline, 'expected name@version, e.g. "pump-health@3"');

export const platformSchema = z.enum(PLATFORMS);
