import type { Json } from '../column-types.ts';

export interface StepTables {
  steps: {
    step: string;
    key: string;
    result: Json<unknown>;
    workflow_id: string;
    run_id: string;
    created_at: Date;
  };
}
