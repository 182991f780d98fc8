/** Appends an item to a list that keeps its newest `most` items. */
export function appendNewest<T>(list: T[], item: T, most: number): void {
  list.push(item);
  list.splice(0, Math.max(0, list.length - most));
}
