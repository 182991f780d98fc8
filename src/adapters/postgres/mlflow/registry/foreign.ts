import { WindlassError } from '../../../../errors/windlass-error.ts';

/**
 * Whether a stored registration came through the MLflow API: Windlass has not judged it, and it is
 * not a ModelRegistration.
 */
export function isForeign(registration: object): boolean {
  return 'origin' in registration && registration.origin === 'mlflow';
}

/** The error for showing, packaging or deploying such a version. */
export function unjudged(name: string, version: string | number): WindlassError {
  return new WindlassError(
    'GATE_FAILED',
    `${name}@${version} came through the MLflow door: no gate of Windlass has judged it, so there is only what MLflow shows of it.`,
    { hint: `Build it with \`windlass train\`; MLflow's clients reach it as models:/${name}/${version}.` },
  );
}
