export interface Pushed {
  readonly commit: string;
  /** What the branch pointed at before. */
  readonly before: string | null;
}

/**
 * Whether a push that arrives now moves the branch on from the pushes known so far (in that order).
 * Deliveries may overtake one another: a push whose commit another one started from came before it;
 * but going back to an older commit is a move, too.
 */
export function movesBranch(push: Pushed, known: readonly Pushed[]): boolean {
  const tip = known.at(-1);
  if (tip === undefined || push.before === tip.commit) return true;
  return !known.some(({ before }) => before === push.commit);
}
