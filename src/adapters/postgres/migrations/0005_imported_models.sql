-- A version that was trained elsewhere may lack a pipeline (no project was named) and a data set (nothing was measured).

alter table models alter column pipeline_name drop not null;
alter table models alter column pipeline_version drop not null;
alter table models alter column data_digest drop not null;
