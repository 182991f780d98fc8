#!/bin/sh
# Creates Windlass's namespace unless it is there. TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE are the CLI's own variables.
set -eu
tries=0
until answer="$(temporal operator cluster health 2>&1)"; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || { echo "the Temporal server at $TEMPORAL_ADDRESS does not answer: $answer" >&2; exit 1; }
  sleep 2
done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "${NAMESPACE_RETENTION:-30d}"
