/** The time, as a part that tests can hold still. */
export interface Clock {
  now(): Date;
}
