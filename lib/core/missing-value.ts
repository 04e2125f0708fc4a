/** What stands in a table for no value. */

const missing = new Set(['', 'nan', '-nan', 'na', 'n/a', '<na>', '#n/a', '#na', 'null', '<null>']);

/** True for a cell without a value, in whatever case: empty, or what a data frame or a spreadsheet writes for one. */
export function isMissing(text: string): boolean {
  return missing.has(text.toLowerCase());
}
