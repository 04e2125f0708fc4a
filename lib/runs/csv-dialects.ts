/** Tells files that are no CSV in UTF-8, or have another separator than the comma, by what they are. */

export interface ForeignKind {
  readonly found: string;
  readonly expected: string;
  readonly advice: string;
}

const kSaveAsUtf8 = 'save the file as CSV in UTF-8';

/** First bytes of other kinds of files; the longer ones first. */
const kSignatures: readonly (readonly [bytes: readonly number[], found: string])[] = [
  [[0xff, 0xfe, 0x00, 0x00], 'a UTF-32 file'],
  [[0x00, 0x00, 0xfe, 0xff], 'a UTF-32 file'],
  [[0x50, 0x4b, 0x03, 0x04], 'a spreadsheet (.xlsx, .ods) or another zip archive'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'a spreadsheet (.xls)'],
  [[0xff, 0xfe], 'a UTF-16 file'],
  [[0xfe, 0xff], 'a UTF-16 file'],
  [[0x1f, 0x8b], 'a file compressed with gzip'],
];

/** `first`: the first bytes of the file. Null: they may be a CSV. */
export function foreignBytes(first: Uint8Array): ForeignKind | null {
  const known = kSignatures.find(([bytes]) => bytes.every((byte, i) => first[i] === byte));
  if (known !== undefined) return { found: known[1], expected: 'UTF-8', advice: kSaveAsUtf8 };
  // Without a byte-order mark: every second byte of plain letters is zero.
  const [a = 1, b = 1, c = 1, d = 1] = first;
  const isUtf16 = (a === 0 && c === 0 && b !== 0 && d !== 0) || (b === 0 && d === 0 && a !== 0 && c !== 0);
  return isUtf16 ? { found: 'a UTF-16 file without a byte-order mark', expected: 'UTF-8', advice: kSaveAsUtf8 } : null;
}

const kSeparators = [
  [';', 'semicolons'],
  ['\t', 'tabs'],
  ['|', 'vertical bars'],
] as const;

/** A header is not longer. */
const kLookedAt = 64 * 1024;

/** `text`: the start of the file. Null: its first line has commas, or one cell. */
export function foreignSeparator(text: string): ForeignKind | null {
  const line = firstLine(text.slice(0, kLookedAt).replace(/"[^"]*(?:"|$)/g, ''));
  const count = (separator: string): number => line.split(separator).length - 1;
  const commas = count(',');
  const other = kSeparators.find(([separator]) => count(separator) > commas);
  if (other === undefined) return null;
  return {
    found: `a table whose cells are separated by ${other[1]}`,
    expected: 'commas',
    advice: 'save the table with commas between the cells, and a point in its numbers',
  };
}

/** That is not empty. */
function firstLine(text: string): string {
  return /[^\r\n]+/.exec(text)?.[0] ?? '';
}
