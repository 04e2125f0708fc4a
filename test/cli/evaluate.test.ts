import { describe, expect, it } from 'vitest';
import { fileWith } from '../runs/support.js';
import { cli } from './support.js';

const labels = 'filename,relapse\na.tif,1\nb.tif,0\n';

async function evaluate(submission: string, ...more: readonly string[]) {
  const path = await fileWith(submission, 'submission.csv');
  return { path, ...(await cli(['evaluate', path, '--labels', await fileWith(labels, 'labels.csv'), ...more])) };
}

describe('evaluate', () => {
  it('prints rows and log loss', async () => {
    const { path, code, stdout, stderr } = await evaluate('filename,relapse\na.tif,0.5\nb.tif,0.5\n');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      `submission  ${path}\nrows        2, of which 1 are labelled 1\nlog loss    ${Math.LN2.toFixed(9)}\n`,
    );
  });

  it('--json is one line with all of it', async () => {
    const { path, stdout } = await evaluate('filename,relapse\na.tif,0.5\nb.tif,0.5\n', '--json');
    expect(stdout.split('\n')).toHaveLength(2);
    const wanted = { submission: path, rows: 2, positives: 1, logLoss: Math.LN2, clipped: 0, sameOrder: true };
    expect(JSON.parse(stdout)).toMatchObject(wanted);
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
