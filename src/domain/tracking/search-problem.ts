/**
 * Thrown when a filter, an order or a page token of a search cannot be read; `position` counts
 * characters from 1.
 */
export class SearchProblem extends Error {
  readonly position: number | undefined;

  constructor(message: string, position?: number) {
    super(position === undefined ? message : `${message} (at character ${position})`);
    this.name = 'SearchProblem';
    this.position = position;
  }
}
