import { WindlassError } from './windlass-error.ts';

/** A CONFLICT because a name is taken: those who make what may be there already (MLflow's clients) tell it from other conflicts. */
export class AlreadyExists extends WindlassError {
  constructor(message: string) {
    super('CONFLICT', message, { hint: 'Use the one that is there, or choose another name.' });
  }
}
