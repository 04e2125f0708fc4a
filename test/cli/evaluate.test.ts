import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileWith, temporaryFolder } from '../runs/support.js';
import { cli } from './support.js';

const labels = 'filename,relapse\na.tif,1\nb.tif,0\n';

async function evaluate(submission: string, ...more: readonly string[]) {
  const path = await fileWith(submission, 'submission.csv');
  return { path, ...(await cli(['evaluate', path, '--labels', await fileWith(labels, 'labels.csv'), ...more])) };
}

describe('evaluate', () => {
  it('prints the figures, in one table', async () => {
    const { path, code, stdout, stderr } = await evaluate('filename,relapse\na.tif,0.5\nb.tif,0.5\n', '--samples', '0');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      [
        `submission         ${path}`,
        'rows               2, of which 1 are labelled 1',
        `log loss           ${Math.LN2.toFixed(9)}`,
        'AUC                0.500000',
        'partial AUC        0.020000, above a true-positive rate of 0.8',
        'Brier score        0.250000',
        'calibration error  0.000000',
        '',
      ].join('\n'),
    );
  });

  it('--json is one line with all of it', async () => {
    const { path, stdout } = await evaluate('filename,relapse\na.tif,0.5\nb.tif,0.5\n', '--json');
    expect(stdout.split('\n')).toHaveLength(2);
    const wanted = { submission: path, rows: 2, positives: 1, logLoss: Math.LN2, clipped: 0, sameOrder: true };
    expect(JSON.parse(stdout)).toMatchObject(wanted);
  });

  it('adds intervals, and the sensitivity of patients', async () => {
    const table = await fileWith('filename,patient_id\na.tif,p\nb.tif,q\n', 'patients.csv');
    const given = 'filename,relapse\na.tif,0.6\nb.tif,0.5\n';
    const { stdout } = await evaluate(given, '--patients', table, '--samples', '40', '--seed', '9');
    expect(stdout).toMatch(/^rows +2, of which 1 are labelled 1; 2 patients$/m);
    expect(stdout).toMatch(/^AUC +1\.000000 \(1\.000000 to 1\.000000\)$/m);
    expect(stdout).toMatch(/^top-15 sensitivity +1\.000000/m);
    expect(stdout).toMatch(
      /^in brackets +95 % intervals of 40 samples of the patients \(seed 9\); \d+ of them had one/m,
    );
  });

  it('--svg writes a picture, and replaces one only if told', async () => {
    const given = 'filename,relapse\na.tif,0.6\nb.tif,0.5\n';
    const svg = join(await temporaryFolder(), 'e.svg');
    expect(await evaluate(given, '--svg', svg)).toMatchObject({ code: 0, stderr: '' });
    const picture = await readFile(svg, 'utf8');
    expect(picture).toMatch(/^<svg /);
    expect((await evaluate(given, '--svg', svg)).stderr).toContain('OUTPUT_EXISTS');
    expect(await evaluate(given, '--svg', svg, '--overwrite')).toMatchObject({ code: 0 });
    expect(await readFile(svg, 'utf8')).toBe(picture);
    expect(await evaluate(given, '--svg', 'e.png')).toMatchObject({ code: 2 });
  });

  it('tells of sure values and of another order', async () => {
    const { code, stdout, stderr } = await evaluate('filename,relapse\nb.tif,0\na.tif,0.5\n');
    expect(code).toBe(0);
    expect(stdout).toContain('values that count as 1e-16 or 1 - 1e-16: 1\n');
    expect(stderr).toContain('rows in different orders');
  });

  it('refuses a table with exit code 4 and a wrong command line with 2', async () => {
    const wrong = await evaluate('filename,relapse\na.tif,0.5\nb.tif,nan\n');
    expect(wrong).toMatchObject({ code: 4, stdout: '' });
    expect(wrong.stderr).toContain('CSV_INVALID');
    const foreign = await evaluate('filename,relapse\na.tif,0.5\nc.tif,0.5\n');
    expect(foreign).toMatchObject({ code: 4, stdout: '' });
    expect(foreign.stderr).toContain('ROWS_MISMATCH');
    expect(await cli(['evaluate', 'submission.csv'])).toMatchObject({ code: 2, stdout: '' });
    const both = await evaluate(labels, '--preset', 'visiomel', '--id-column', 'filename');
    expect(both).toMatchObject({ code: 2, stdout: '' });
    expect(both.stderr).toContain('--preset and --id-column');
  });
});
