CREATE TABLE telemetry_cursors (
  source     text PRIMARY KEY,
  cursor     text,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- One row per summary that a device sent; sent again it is the same row.
CREATE TABLE device_windows (
  id          bigint GENERATED ALWAYS AS IDENTITY,
  device_id   text NOT NULL,
  model       text NOT NULL,
  version     text NOT NULL,
  digest      text NOT NULL,
  baseline    text NOT NULL,
  seq         bigint NOT NULL,
  started_at  timestamptz NOT NULL,
  ended_at    timestamptz NOT NULL,
  enqueued_at timestamptz NOT NULL,
  summary     jsonb NOT NULL,
  PRIMARY KEY (device_id, digest, seq)
);
CREATE INDEX device_windows_by_arrival ON device_windows (digest, baseline, id);

-- How far the windows of a model file that were binned on one baseline have been reported on.
CREATE TABLE monitor_marks (
  digest   text NOT NULL,
  baseline text NOT NULL,
  up_to    bigint NOT NULL,
  PRIMARY KEY (digest, baseline)
);

CREATE TABLE monitor_reports (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workflow_id text NOT NULL,
  run_id      text NOT NULL,
  model       text NOT NULL,
  version     text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  drift       boolean NOT NULL,
  decision    text NOT NULL,
  report      jsonb NOT NULL,
  html        text NOT NULL,
  json        text NOT NULL,
  UNIQUE (workflow_id, run_id)
);
CREATE INDEX monitor_reports_by_model ON monitor_reports (model, id DESC);
