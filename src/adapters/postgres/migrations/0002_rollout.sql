-- Staged rollouts: what was planned, offered, observed and decided, and what every device has run since when.

create table rollouts (
  rollout_id    text        primary key,
  model         text        not null,
  version       text        not null,
  model_digest  text        not null,
  image         text        not null,
  image_digest  text        not null,
  policy        jsonb       not null,
  condition     text        not null,
  devices       integer     not null,
  state         text        not null,
  outcome       text,
  -- {version, configurationId} of what most of the devices ran before, or null.
  previous      jsonb,
  superseded_by text,
  started_at    timestamptz not null,
  finished_at   timestamptz,
  workflow_id   text        not null,
  run_id        text        not null,
  actor         text        not null,
  reason        text        not null,
  -- Why it ended as it did.
  conclusion    text        not null default ''
);
create index rollouts_model on rollouts (model, started_at);
-- One rollout of a model is live at a time; a newer one supersedes it in the transaction that plans it.
create unique index rollouts_live on rollouts (model) where finished_at is null and superseded_by is null;

create table rollout_rings (
  rollout_id  text             not null references rollouts (rollout_id),
  position    integer          not null,
  name        text             not null,
  percent     double precision not null,
  devices     integer          not null,
  verdict     text             not null default 'pending',
  reason      text             not null default '',
  counts      jsonb,
  opened_at   timestamptz,
  decided_at  timestamptz,
  approved_by text,
  primary key (rollout_id, position),
  unique (rollout_id, name)
);

create table rollout_devices (
  rollout_id         text        not null references rollouts (rollout_id),
  device_id          text        not null,
  ring               integer     not null,
  stratum            text        not null,
  redundancy_group   text,
  -- Read from the device's twin before its first offer; what a revert goes back to. baselined_at says that it was read.
  previous_target    text,
  baselined_at       timestamptz,
  restarts_at_offer  integer     not null default 0,
  offered_at         timestamptz,
  verdict            text        not null default 'waiting',
  reachable          boolean     not null default false,
  running            boolean     not null default false,
  attested           boolean     not null default false,
  reason             text        not null default '',
  restarts           integer     not null default 0,
  last_restart_count integer,
  good_since         timestamptz,
  down_since         timestamptz,
  attested_at        timestamptz,
  checked_at         timestamptz,
  evidence           jsonb,
  revert_started_at  timestamptz,
  reverted_at        timestamptz,
  primary key (rollout_id, device_id)
);
create index rollout_devices_ring on rollout_devices (rollout_id, ring);

-- Every decision with the evidence that it rests on, so that it can be taken again.
create table rollout_decisions (
  rollout_id      text             not null references rollouts (rollout_id),
  seq             integer          not null,
  ring            text             not null,
  at              timestamptz      not null,
  action          text             not null,
  reason          text             not null,
  elapsed_seconds double precision not null,
  last_ring       boolean          not null,
  counts          jsonb            not null,
  gates           jsonb            not null,
  devices         jsonb            not null,
  primary key (rollout_id, seq)
);
create trigger rollout_decisions_immutable before update or delete on rollout_decisions
  for each row execute function windlass_refuse_change();

-- One row per stretch of time during which a device was meant to run a version; the open one has no end.
create table device_assignments (
  id           bigint generated always as identity primary key,
  device_id    text        not null,
  model        text        not null,
  version      text        not null,
  image_digest text,
  rollout_id   text        not null references rollouts (rollout_id),
  -- Name of the ring, or 'revert' when it is a way back.
  ring         text        not null,
  since        timestamptz not null,
  until        timestamptz check (until >= since),
  attested_at  timestamptz,
  reason       text        not null
);
create unique index device_assignments_current on device_assignments (device_id) where until is null;
create index device_assignments_device on device_assignments (device_id, since);
create index device_assignments_version on device_assignments (model, version);
create index device_assignments_rollout on device_assignments (rollout_id);
