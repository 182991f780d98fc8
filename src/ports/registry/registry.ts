import type { Aliases } from './aliases.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { Calibrations } from './calibrations.ts';
import type { DataSetRegistry } from './data-sets.ts';
import type { ModelImages } from './images.ts';
import type { LineageReader } from './lineage.ts';
import type { ModelFinder } from './model-search.ts';
import type { ModelVersions } from './model-versions.ts';
import type { PipelineRegistry } from './pipelines.ts';
import type { Reviews } from './reviews.ts';

/**
 * The whole registry, as composition roots put it together; everybody else asks for the parts they
 * use.
 */
export interface Registry
  extends
    PipelineRegistry,
    DataSetRegistry,
    ModelVersions,
    ModelFinder,
    Aliases,
    Reviews,
    ModelImages,
    Calibrations,
    LineageReader,
    AuditTrail {}
