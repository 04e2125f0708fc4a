/** The tables of the challenge: what a data folder holds, and a strict reading of what a submission wrote. */

/** A row of test_metadata.csv, as it stands there. */
export interface Patient {
  readonly filename: string;
  readonly age: string;
  readonly sex: string;
  readonly body_site: string;
  readonly melanoma_history: string;
  readonly resolution: string;
}

/** The two generations of test_metadata.csv. The place of the last column in the second one was never published. */
export const generations = {
  first: ['filename', 'age', 'sex', 'body_site', 'melanoma_history'],
  second: ['filename', 'resolution', 'age', 'sex', 'body_site', 'melanoma_history'],
} as const;
export type Generation = keyof typeof generations;

export function formatText(names: readonly string[]): string {
  return `filename,relapse\n${names.map((name) => `${name},0.5\n`).join('')}`;
}

export function metadataText(patients: readonly Patient[], generation: Generation): string {
  const columns = generations[generation];
  const lines = patients.map((patient) => columns.map((column) => patient[column]).join(','));
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}

/**
 * The values of a submission by name. Throws unless it is a complete one: the header and the rows of the format in their
 * order, each with one plain number of nine decimals between 1e-6 and 1 - 1e-6, and nothing else.
 */
export function strictValues(csv: string, names: readonly string[]): ReadonlyMap<string, number> {
  if (!csv.endsWith('\n')) throw new Error(`the CSV ends without a line feed: ${JSON.stringify(csv.slice(-40))}`);
  const [header, ...rows] = csv.slice(0, -1).split('\n');
  if (header !== 'filename,relapse') throw new Error(`the header is ${JSON.stringify(header)}`);
  if (rows.length !== names.length) throw new Error(`${rows.length} rows, expected ${names.length}`);
  const values = new Map<string, number>();
  for (const [i, row] of rows.entries()) {
    const name = names[i] as string;
    const number = row.startsWith(`${name},`) ? row.slice(name.length + 1) : '';
    const value = /^[01]\.\d{9}$/.test(number) ? Number(number) : Number.NaN;
    if (!(value >= 1e-6 && value <= 1 - 1e-6)) throw new Error(`row ${i + 1} is ${JSON.stringify(row)}`);
    values.set(name, value);
  }
  return values;
}
