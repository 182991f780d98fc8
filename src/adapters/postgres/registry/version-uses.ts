import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { ModelState } from '../../../contracts/model/model-state.ts';
import { approvalRule, awaitsApproval } from '../../../domain/registry/approvals.ts';
import type { Review } from '../../../contracts/model/review.ts';
import type { VersionUse } from '../../../domain/registry/retention.ts';
import type { ProjectSpec } from '../../../contracts/project/project.ts';
import type { Database } from '../schema.ts';

interface Row {
  name: string;
  version: number;
  state: ModelState;
  created_by: string;
  created_at: Date;
  compared_with: string | null;
  aliases: string[];
  rollouts: string[];
  devices: string;
  rule: ProjectSpec['registry'] | null;
  reviews: Review[];
}

/**
 * Every version that is there, also one without a pipeline, with all that may need it: one query.
 */
export async function readUses(db: Kysely<Database>, model?: string): Promise<VersionUse[]> {
  const { rows } = await sql<Row>`
    with last_seen as (
      -- What a device runs: what it was given last, and until it has attested that, what it attested before.
      select distinct on (device_id) device_id, model, version from device_assignments
       where attested_at is not null order by device_id, since desc, id desc
    ), on_device as (
      select device_id, model, version from device_assignments where until is null
      union select device_id, model, version from last_seen
    ), device_counts as (
      select model, version, count(*) as devices from on_device group by model, version
    )
    select m.name, m.version, m.state, m.created_by, m.created_at,
           coalesce((select c.comparison #>> '{champion,version}' from model_comparisons c
                      where c.name = m.name and c.version = m.version order by c.id desc limit 1),
                    m.registration #>> '{comparison,champion,version}') as compared_with,
           array(select alias from model_aliases a
                  where a.name = m.name and a.version = m.version and a.until is null order by alias) as aliases,
           array(select r.rollout_id from rollouts r
                  where r.model = m.name and r.finished_at is null
                    and (r.version = m.version::text or r.previous ->> 'version' = m.version::text)) as rollouts,
           coalesce((select d.devices from device_counts d
                      where d.model = m.name and d.version = m.version::text), 0) as devices,
           p.spec -> 'registry' as rule,
           coalesce((select jsonb_agg(jsonb_build_object('actor', r.actor, 'decision', r.decision) order by r.id)
                       from model_reviews r where r.name = m.name and r.version = m.version), '[]') as reviews
      from models m
      left join pipelines p on p.name = m.pipeline_name and p.version = m.pipeline_version
     where m.state <> 'deleted' and (${model ?? null}::text is null or m.name = ${model ?? null})
     order by m.name, m.version desc`.execute(db);
  return rows.map((row) => ({
    name: row.name,
    version: String(row.version),
    state: row.state,
    createdAt: row.created_at,
    aliases: row.aliases,
    rollouts: row.rollouts,
    devices: Number(row.devices),
    awaitsApproval: awaitsApproval(
      { state: row.state, author: row.created_by, reviews: row.reviews },
      approvalRule(row.rule === null ? {} : { registry: row.rule }),
    ),
    comparedWith: row.compared_with,
  }));
}
