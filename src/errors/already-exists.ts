import { WindlassError } from './windlass-error.ts';

/**
 * A CONFLICT because a name is taken; callers that create what may already exist (MLflow's clients)
 * can tell it from other conflicts.
 */
export class AlreadyExists extends WindlassError {
  constructor(message: string) {
    super('CONFLICT', message, { hint: 'Use the one that is there, or choose another name.' });
  }
}
