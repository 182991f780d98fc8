-- What a data set is about, and what snapshots need not read again.

alter table data_sets
  add column columns  jsonb not null default '[]',
  add column first_at timestamptz,
  add column last_at  timestamptz,
  add column devices  integer;
create index data_sets_created on data_sets (created_at desc);

alter table data_files
  add column first_at timestamptz,
  add column last_at  timestamptz;

-- A cache: a file of a source whose stamp is the same has the same content.
create table data_file_index (
  source  text        not null,
  path    text        not null,
  entry   jsonb       not null,
  read_at timestamptz not null,
  primary key (source, path)
);
