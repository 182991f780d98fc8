import { z } from 'zod';

export const modelReferenceSchema = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]*@([0-9]+|[a-z][a-z0-9-]*)$/,
    'expected name@version or name@alias, e.g. "pump-health@3" or "pump-health@champion"',
  );
