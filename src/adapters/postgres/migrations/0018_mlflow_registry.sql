-- Versions that come through the MLflow door: rows of `models` like any other, but unjudged, without pipeline and data set.

alter table models alter column pipeline_name drop not null;
alter table models alter column pipeline_version drop not null;
alter table models alter column data_digest drop not null;
alter table models drop constraint models_state_check;
alter table models add constraint models_state_check
  check (state in ('registered', 'approved', 'rejected', 'retired', 'archived', 'deleted', 'unjudged'));

-- Names that a client has made, before or beside their versions, and what it wrote about them.
create table mlflow_registered_models (
  name        text   primary key,
  description text   not null default '',
  created_at  bigint not null,
  updated_at  bigint not null
);

create table mlflow_registered_model_tags (
  name  text not null,
  key   text not null,
  value text not null,
  primary key (name, key)
);

create table mlflow_version_notes (
  name        text    not null,
  version     integer not null,
  description text    not null,
  updated_at  bigint  not null,
  primary key (name, version),
  foreign key (name, version) references models (name, version)
);

-- The files of a version as they were when it was registered.
create table mlflow_version_files (
  name       text    not null,
  version    integer not null,
  path       text    not null,
  digest     text    not null,
  size       bigint  not null,
  media_type text    not null,
  primary key (name, version, path),
  foreign key (name, version) references models (name, version)
);
create index mlflow_version_files_digest on mlflow_version_files (digest);
create trigger mlflow_version_files_immutable before update on mlflow_version_files
  for each row execute function windlass_refuse_change();

-- Versions as the door shows them: all but deleted ones, and but those that a client took back.
create view mlflow_versions as
  select m.name, m.version, m.digest, m.state, m.created_by,
         (extract(epoch from m.created_at) * 1000)::bigint as created_at,
         coalesce(n.updated_at, (extract(epoch from m.created_at) * 1000)::bigint) as updated_at,
         coalesce(n.description, '') as description,
         m.registration ->> 'origin' as origin,
         m.registration ->> 'source' as source,
         m.registration ->> 'mlflowRunId' as mlflow_run_id,
         m.registration ->> 'mlflowModelId' as mlflow_model_id,
         m.registration ->> 'runLink' as run_link,
         m.pipeline_name || '@' || m.pipeline_version as pipeline,
         m.data_digest as data,
         array(select a.alias from model_aliases a
                where a.name = m.name and a.version = m.version and a.until is null order by a.alias) as aliases
    from models m
    left join mlflow_version_notes n on n.name = m.name and n.version = m.version
   where m.state <> 'deleted' and not (m.state = 'retired' and m.registration ->> 'origin' = 'mlflow');

create view mlflow_models as
  select coalesce(r.name, v.name) as name,
         coalesce(r.description, '') as description,
         coalesce(least(r.created_at, v.created_at), r.created_at, v.created_at) as created_at,
         coalesce(greatest(r.updated_at, v.updated_at), r.updated_at, v.updated_at) as updated_at,
         v.latest
    from mlflow_registered_models r
    full join (select name, min(created_at) as created_at, max(updated_at) as updated_at, max(version) as latest
                 from mlflow_versions group by name) v on v.name = r.name;
