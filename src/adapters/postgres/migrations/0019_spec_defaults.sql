-- Specs of pipelines that were published before there were slices, guardrails, approvals and more limits of the gates, with what
-- windlass.yaml means when it says nothing of them: a retrain or reproduction reads them as they are kept.
alter table pipelines disable trigger pipelines_immutable;
update pipelines
   set spec = spec || jsonb_build_object(
         'evaluation', jsonb_build_object(
           'slices', '[]'::jsonb,
           'guardrails', '{"falseAlarmRate": 0.05, "missedAlarmRate": 0.05, "cost": 0.1, "sliceF1": 0.1}'::jsonb)
           || coalesce(spec->'evaluation', '{}'),
         'gates', '{"controlFlow": false, "maxStartMs": 10000, "maxMemoryMb": 1024}'::jsonb
           || coalesce(spec->'gates', '{}'),
         'registry', '{"approvals": 0, "approvers": []}'::jsonb || coalesce(spec->'registry', '{}'))
 where spec->'registry' is null
    or spec->'evaluation'->'slices' is null
    or spec->'evaluation'->'guardrails' is null
    or spec->'gates'->'controlFlow' is null
    or spec->'gates'->'maxStartMs' is null
    or spec->'gates'->'maxMemoryMb' is null;
alter table pipelines enable trigger pipelines_immutable;
