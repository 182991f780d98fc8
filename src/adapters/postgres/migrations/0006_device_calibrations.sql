-- Calibrations that were fitted for devices. The document (tensors, mean and spread) is an artefact; the newest of a version and
-- device counts.
create table device_calibrations (
  name        text        not null,
  version     integer     not null,
  device      text        not null,
  calibration text        not null,
  document    jsonb       not null,
  rows        integer     not null check (rows > 0),
  data_sha256 text        not null,
  fitted_at   timestamptz not null,
  fitted_by   text        not null,
  primary key (name, version, device, calibration),
  foreign key (name, version) references models (name, version)
);
create index device_calibrations_device on device_calibrations (device, fitted_at desc);

-- Specs of pipelines that were published when a calibration could only be mean and spread, in the shape that is read now. What they say
-- stays the same.
alter table pipelines disable trigger pipelines_immutable;
update pipelines
   set spec = jsonb_set(spec, '{model}', (spec->'model') - 'calibrationRows' - 'inputs' || jsonb_build_object(
         'input', spec->'model'->'inputs'->'window',
         'calibration', jsonb_build_object(
           'fit', 'mean-std',
           'rows', spec->'model'->'calibrationRows',
           'overlap', true,
           'mean', spec->'model'->'inputs'->'calibrationMean',
           'std', spec->'model'->'inputs'->'calibrationStd')))
 where spec->'model' ? 'calibrationRows';
alter table pipelines enable trigger pipelines_immutable;
