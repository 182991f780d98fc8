#!/bin/sh
# Creates and upgrades Temporal's two databases with Temporal's own tool; repeating it changes nothing. SQL_HOST, SQL_PORT,
# SQL_USER, SQL_PASSWORD and SQL_PLUGIN are the tool's own variables.
set -eu
schema="${SCHEMA_DIR:-/etc/temporal/schema/postgresql/v12}"

prepare() { # database, folder of its schema
  temporal-sql-tool --db "$1" create-database
  temporal-sql-tool --db "$1" setup-schema -v 0.0
  temporal-sql-tool --db "$1" update-schema -d "$schema/$2/versioned"
}

prepare temporal temporal
prepare temporal_visibility visibility
