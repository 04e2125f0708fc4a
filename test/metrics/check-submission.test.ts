/** checkSubmission: a table has the rows of its format, in its order, and probabilities. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkSubmission } from '../../lib/index.js';

const folder = mkdtempSync(join(tmpdir(), 'microtome-check-'));
let count = 0;
const put = (text: string): string => {
  count += 1;
  const path = join(folder, `${count}.csv`);
  writeFileSync(path, text);
  return path;
};
const format = put('isic_id,target\na,0.3\nb,0.3\nc,0.3\n');

describe('checkSubmission', () => {
  it('takes the rows of the format', async () => {
    const submission = put('isic_id,target\na,0.25\nb,1\nc,0\n');
    expect(await checkSubmission(submission, { format })).toEqual({ rows: 3, least: 0, greatest: 1 });
  });

  it.each([
    [
      'another order',
      'isic_id,target\na,0.1\nc,0.1\nb,0.1\n',
      'CSV_INVALID',
      /:3: "?c"?, where the format has "?b"?; write the rows/,
    ],
    ['a row that is missing', 'isic_id,target\na,0.1\nb,0.1\n', 'ROWS_MISMATCH', /c/],
    ['a row too many', 'isic_id,target\na,0.1\nb,0.1\nc,0.1\nd,0.1\n', 'ROWS_MISMATCH', /d/],
    ['a row twice', 'isic_id,target\na,0.1\nb,0.1\nb,0.1\n', 'CSV_INVALID', /a second time/],
    ['a value above 1', 'isic_id,target\na,0.1\nb,1.01\nc,0.1\n', 'CSV_INVALID', /expected a number from 0 to 1/],
    ['no number', 'isic_id,target\na,0.1\nb,NaN\nc,0.1\n', 'CSV_INVALID', /expected a number from 0 to 1/],
    ['other columns', 'id,target\na,0.1\nb,0.1\nc,0.1\n', 'CSV_INVALID', /expected isic_id,target/],
    ['nothing', '', 'CSV_INVALID', /./],
  ])('refuses %s', async (_, text, code, message) => {
    await expect(checkSubmission(put(text), { format })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });
});
