/** One line of JSON on the train command's stdout. */
export interface TrainProgress {
  readonly progress?: number;
  readonly message?: string;
  readonly metrics?: Record<string, number>;
}
