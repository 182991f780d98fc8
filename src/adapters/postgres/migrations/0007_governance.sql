-- States, reviews and tags of versions, who may do what, and what the list of versions is searched by.

alter table models drop constraint models_state_check;
alter table models add constraint models_state_check
  check (state in ('registered', 'approved', 'rejected', 'retired', 'archived', 'deleted'));

-- Copies of parts of the registration, so that a search reads short rows. `words` is what a free text is looked for in.
alter table models
  add column metrics jsonb generated always as (registration -> 'metrics') stored,
  add column words text generated always as (
    lower(name || ' ' || created_by || ' ' || workflow_id || ' ' || coalesce(registration #>> '{data,source}', '')
      || ' ' || coalesce(registration #>> '{comparison,reason}', '') || ' ' || coalesce(registration ->> 'params', ''))
  ) stored;
create index models_newest on models (created_at desc, name, version desc);
create index models_newest_by_name on models (name, created_at desc, version desc);
create index models_newest_by_state on models (state, created_at desc);
create index models_digest_prefix on models (digest text_pattern_ops);
create index models_f1 on models (((metrics ->> 'f1')::double precision));

-- Generated columns are computed after a row's triggers, so they are no part of the comparison.
create or replace function windlass_models_immutable() returns trigger language plpgsql as $$
declare
  free constant text[] := array['state', 'metrics', 'words'];
begin
  if tg_op = 'DELETE' or to_jsonb(new) - free is distinct from to_jsonb(old) - free then
    raise exception 'a model version is immutable: % is refused', tg_op using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

-- What people said of a version; the newest row of each person counts.
create table model_reviews (
  id       bigint generated always as identity primary key,
  name     text        not null,
  version  integer     not null,
  actor    text        not null,
  decision text        not null check (decision in ('approve', 'reject')),
  reason   text        not null check (reason <> ''),
  at       timestamptz not null,
  foreign key (name, version) references models (name, version)
);
create index model_reviews_version on model_reviews (name, version, id);
create trigger model_reviews_immutable before update or delete on model_reviews
  for each row execute function windlass_refuse_change();

create table model_tags (
  name    text        not null,
  version integer     not null,
  key     text        not null,
  value   text        not null,
  set_at  timestamptz not null,
  set_by  text        not null,
  primary key (name, version, key),
  foreign key (name, version) references models (name, version)
);
create index model_tags_value on model_tags (key, value);

-- A project is a model's name, or * for all. Without any grant everybody may do everything.
create table role_grants (
  actor      text        not null,
  project    text        not null,
  role       text        not null check (role in ('viewer', 'contributor', 'approver', 'operator', 'admin')),
  granted_at timestamptz not null,
  granted_by text        not null,
  primary key (actor, project, role)
);

-- Only the hash of a token is kept; the token itself is shown once.
create table api_tokens (
  id         text        primary key,
  actor      text        not null,
  hash       text        not null unique,
  created_at timestamptz not null,
  created_by text        not null,
  expires_at timestamptz,
  revoked_at timestamptz
);
