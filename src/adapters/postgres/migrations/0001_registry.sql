-- Pipeline and model versions, aliases, images, data sets, finished steps, audit.

create function windlass_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % is refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;

create table pipelines (
  name        text        not null,
  version     integer     not null check (version > 0),
  digest      text        not null,
  commit      text        not null,
  source      jsonb       not null,
  environment text        not null,
  spec        jsonb       not null,
  checks      jsonb       not null,
  created_at  timestamptz not null,
  created_by  text        not null,
  primary key (name, version),
  unique (name, digest)
);
create index pipelines_commit on pipelines (commit);
create trigger pipelines_immutable before update or delete on pipelines
  for each row execute function windlass_refuse_change();

create table data_sets (
  digest     text        primary key,
  source     text        not null,
  files      integer     not null,
  rows       bigint      not null,
  manifest   jsonb       not null,
  created_at timestamptz not null
);

create table data_files (
  data_digest text   not null references data_sets (digest),
  path        text   not null,
  sha256      text   not null,
  rows        bigint not null,
  primary key (data_digest, path)
);
create index data_files_sha256 on data_files (sha256);

-- The data that the last run of each pipeline used.
create table pipeline_data (
  pipeline    text        primary key,
  data_digest text        not null references data_sets (digest),
  source      text        not null,
  used_at     timestamptz not null
);

create table models (
  name             text        not null,
  version          integer     not null check (version > 0),
  digest           text        not null,
  pipeline_name    text        not null,
  pipeline_version integer     not null,
  data_digest      text        not null references data_sets (digest),
  registration     jsonb       not null,
  workflow_id      text        not null,
  run_id           text        not null,
  state            text        not null check (state in ('registered', 'rejected', 'retired')),
  created_at       timestamptz not null,
  created_by       text        not null,
  primary key (name, version),
  unique (name, digest, pipeline_name, pipeline_version, data_digest),
  foreign key (pipeline_name, pipeline_version) references pipelines (name, version)
);
create index models_digest on models (digest);
create index models_data on models (data_digest);

create function windlass_models_immutable() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or to_jsonb(new) - 'state' is distinct from to_jsonb(old) - 'state' then
    raise exception 'a model version is immutable: % is refused', tg_op using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger models_immutable before update or delete on models
  for each row execute function windlass_models_immutable();

-- One row per stretch of time during which an alias pointed at a version; the open one has no end.
create table model_aliases (
  id      bigint generated always as identity primary key,
  name    text        not null,
  alias   text        not null check (alias ~ '^[a-z][a-z0-9-]*$'),
  version integer     not null,
  since   timestamptz not null,
  until   timestamptz check (until >= since),
  set_by  text        not null,
  reason  text        not null,
  foreign key (name, version) references models (name, version)
);
create unique index model_aliases_current on model_aliases (name, alias) where until is null;
create index model_aliases_history on model_aliases (name, alias, since);

create table model_images (
  name        text        not null,
  version     integer     not null,
  digest      text        not null,
  image       jsonb       not null,
  recorded_at timestamptz not null,
  primary key (name, version, digest),
  foreign key (name, version) references models (name, version)
);

create table steps (
  step        text        not null,
  key         text        not null,
  result      jsonb       not null,
  workflow_id text        not null,
  run_id      text        not null,
  created_at  timestamptz not null,
  primary key (step, key)
);

-- Each event's hash covers the hash before it, so that a removed or altered row breaks the chain.
create table audit_events (
  seq       bigint      primary key,
  at        timestamptz not null,
  actor     text        not null,
  action    text        not null,
  subject   text        not null,
  reason    text        not null,
  details   jsonb       not null,
  prev_hash text        not null,
  hash      text        not null unique
);
create index audit_events_subject on audit_events (subject, seq);
create trigger audit_events_immutable before update or delete on audit_events
  for each row execute function windlass_refuse_change();
create trigger audit_events_whole before truncate on audit_events
  for each statement execute function windlass_refuse_change();
