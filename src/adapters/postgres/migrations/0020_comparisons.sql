-- Comparisons of a version with a later champion, bytes that clients let go, and the same content after retention.

-- The newest counts for promotion; what a version was compared with first stays in its registration.
create table model_comparisons (
  id          bigint generated always as identity primary key,
  name        text        not null,
  version     integer     not null,
  comparison  jsonb       not null,
  workflow_id text        not null,
  run_id      text        not null,
  at          timestamptz not null,
  foreign key (name, version) references models (name, version)
);
create index model_comparisons_version on model_comparisons (name, version, id);
create trigger model_comparisons_immutable before update or delete on model_comparisons
  for each row execute function windlass_refuse_change();

-- A deleted version stays deleted, because its registration names bytes that are gone: the same content becomes the next version.
do $$
begin
  execute (select format('alter table models drop constraint %I', conname) from pg_constraint
            where conrelid = 'models'::regclass and contype = 'u');
end $$;
create unique index models_content on models (name, digest, pipeline_name, pipeline_version, data_digest)
  where state <> 'deleted';

-- Bytes that a file of an MLflow client had before it was overwritten or deleted: retention removes those that nothing needs.
create table released_artefacts (
  digest      text        primary key,
  released_at timestamptz not null
);
