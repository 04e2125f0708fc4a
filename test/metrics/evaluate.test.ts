import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { evaluateSubmission, evaluationPicture, type EvaluateOptions, type Evaluation } from '../../lib/index.js';
import { failureOf, fileWith } from '../runs/support.js';

const labels = 'filename,relapse\na.tif,1\nb.tif,0\nc.tif,1\n';
const submission = 'filename,relapse\na.tif,0.900000000\nb.tif,0.200000000\nc.tif,0.700000000\n';
const known = -(Math.log(0.9) + Math.log(0.8) + Math.log(0.7)) / 3;

type Columns = Omit<EvaluateOptions, 'labels'>;

async function evaluated(given: string, truth = labels, columns: Columns = {}): Promise<Evaluation> {
  return evaluateSubmission(await fileWith(given, 'submission.csv'), {
    labels: await fileWith(truth, 'labels.csv'),
    ...columns,
  });
}

/** Code and message of what is refused, without the folders of the test. */
async function refusal(given: string, truth = labels, columns: Columns = {}): Promise<string> {
  const error = await failureOf(evaluated(given, truth, columns));
  return `${error.code}: ${error.message.replaceAll(/\/\S*\/(?=\w+\.csv)/g, '')}`;
}

describe('a submission that is read', () => {
  it('has the known log loss', async () => {
    const found = await evaluated(submission);
    expect(found).toMatchObject({
      rows: 3,
      positives: 2,
      clipped: 0,
      sameOrder: true,
      patients: null,
      topSensitivity: null,
    });
    // Both positive rows are above the negative one.
    expect(found).toMatchObject({ auc: 1, minTruePositiveRate: 0.8 });
    expect(found.partialAuc).toBeCloseTo(0.2, 15);
    expect(found.brierScore).toBeCloseTo((0.01 + 0.04 + 0.09) / 3, 15);
    expect(found.calibration.map(({ rows }) => rows)).toEqual([0, 0, 1, 0, 0, 0, 0, 1, 0, 1]);
    expect(found.intervals).toMatchObject({ samples: 1000, seed: 0, drawn: 'rows' });
    expect(found.logLoss).toBeCloseTo(known, 14);
  });

  it('is joined by name: another order has the same log loss, and is told', async () => {
    const turned = 'filename,relapse\nc.tif,0.7\na.tif,0.9\nb.tif,0.2\n';
    expect(await evaluated(turned)).toEqual({ ...(await evaluated(submission)), sameOrder: false });
  });

  it('may have CRLF, a byte-order mark, quotes, exponents, labels such as 1.0', async () => {
    const given = '\ufefffilename,relapse\r\n"a.tif",9e-1\r\nb.tif,+.2\r\nc.tif,7.0E-1\r\n';
    const truth = 'filename,relapse\na.tif,1.0\nb.tif,0.0\nc.tif,1\n';
    expect((await evaluated(given, truth)).logLoss).toBeCloseTo(known, 14);
  });

  it('may be sure: such values are counted', async () => {
    const found = await evaluated('filename,relapse\na.tif,1\nb.tif,0\nc.tif,0.7\n');
    expect(found.clipped).toBe(2);
    expect(found.logLoss).toBeCloseTo(-Math.log(0.7) / 3, 14);
  });

  it('may be a URL', async () => {
    const [given, truth] = [await fileWith(submission), await fileWith(labels)].map((path) => pathToFileURL(path));
    expect((await evaluateSubmission(given as URL, { labels: truth as URL })).rows).toBe(3);
  });
});

describe('patients', () => {
  // Of one patient with 16 rows, the positive one is the lowest.
  const names = Array.from({ length: 16 }, (_, i) => `l${i}.tif`);
  const truth = `filename,relapse\n${names.map((name, i) => `${name},${i === 15 ? 1 : 0}`).join('\n')}\nb.tif,1\n`;
  const given = `filename,relapse\n${names.map((name, i) => `${name},${0.9 - i / 100}`).join('\n')}\nb.tif,0.1\n`;
  const table = `age,filename,patient_id\n${names.map((name) => `50,${name},p1`).join('\n')}\n41,b.tif,p2\n9,other.tif,\n`;

  const with_ = async (patients: string, more: Columns = {}): Promise<Evaluation> =>
    evaluated(given, truth, { ...more, patients: await fileWith(patients, 'patients.csv') });

  it('give the sensitivity of the highest values, and are drawn for the intervals', async () => {
    const found = await with_(table, { samples: 50 });
    expect(found).toMatchObject({ patients: 2, topSensitivity: 0.5, intervals: { drawn: 'patients' } });
  });

  it('may be named by another column', async () => {
    const renamed = table.replace('patient_id', 'who');
    expect((await with_(renamed, { patientColumn: 'who' })).patients).toBe(2);
    expect((await failureOf(with_(renamed))).message).toContain('no column "patient_id"');
  });

  it('are refused where a row has none, or two', async () => {
    expect((await failureOf(with_(table.replace('41,b.tif,p2', '41,b.tif,NA')))).message).toContain(
      'patients.csv:18: no patient for "b.tif"',
    );
    const twice = await failureOf(with_(table.replace('9,other.tif', '9,b.tif').replace(/,$/m, ',p3')));
    expect(twice.message).toContain('"b.tif" a second time, after line 18');
    const without = await failureOf(with_(table.replace('41,b.tif', '41,x.tif')));
    expect(without).toMatchObject({ code: 'ROWS_MISMATCH' });
    expect(without.message).toContain('"b.tif": not in');
    expect((await failureOf(evaluated(submission, labels, { patientColumn: 'who' }))).message).toContain('no patients');
  });
});

describe('labels of one class', () => {
  it('are refused', async () => {
    expect(await refusal(submission, labels.replace('b.tif,0', 'b.tif,1'))).toBe(
      'CSV_INVALID: labels.csv: all 3 labels are 1, and a ROC curve needs both; give labels of both classes',
    );
  });
});

describe('numbers', () => {
  it('are checked', async () => {
    expect(await refusal(submission, labels, { minTruePositiveRate: 1 })).toContain('minTruePositiveRate');
    expect(await refusal(submission, labels, { samples: -1 })).toContain('samples');
    expect(await refusal(submission, labels, { seed: 0.5 })).toContain('seed');
    expect((await evaluated(submission, labels, { samples: 0 })).intervals).toBeNull();
  });
});

describe('a picture', () => {
  it('is an SVG document with the curve, the intervals of calibration and the figures', async () => {
    const picture = evaluationPicture(await evaluated(submission));
    expect(picture).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 \d+ \d+"/);
    expect(picture.match(/<circle /g)).toHaveLength(3);
    expect(picture).toContain('AUC 1.000');
    expect(picture).toContain('3 rows, 2 labelled 1');
    expect(picture).not.toMatch(/NaN|undefined|null/);
    const open = [...picture.matchAll(/<(\w+)(?:>|\s[^>]*[^/]>)/g)].map(([, name]) => name);
    const closed = [...picture.matchAll(/<\/(\w+)>/g)].map(([, name]) => name);
    expect(open.toSorted()).toEqual(closed.toSorted());
  });
});

describe('columns', () => {
  const isic = (text: string): string => text.replace('filename,relapse', 'isic_id,target');

  it('are those of the preset that the labels have', async () => {
    expect((await evaluated(isic(submission), isic(labels))).logLoss).toBeCloseTo(known, 14);
    expect(await refusal(submission, isic(labels))).toContain(
      'CSV_INVALID: submission.csv:1: the header "filename","relapse", expected isic_id,target',
    );
    expect(await refusal(submission, labels, { preset: 'isic2024' })).toContain('labels.csv:1: the header');
  });

  it('are no others, unless they are named', async () => {
    const more = submission.replaceAll('\n', ',x\n').replace(',x', ',status');
    expect(await refusal(more)).toContain('expected filename,relapse; correct the file, or pass idColumn');
    expect((await evaluated(more, labels, { idColumn: 'filename' })).logLoss).toBeCloseTo(known, 14);
    expect(await refusal(more, labels, { valueColumn: 'score' })).toContain('expected the columns filename,score');
  });

  it('that contradict each other are refused', async () => {
    const both = { preset: 'visiomel', valueColumn: 'score' } as const;
    expect(await refusal(submission, labels, both)).toContain(
      'INVALID_OPTION: Expected only one of preset and valueColumn',
    );
    expect(await refusal(submission, labels, { idColumn: 'x', valueColumn: 'x' })).toContain('are both "x"');
    expect(await refusal(submission, labels, { idColum: 'x' } as Columns)).toContain('idColumn');
    const error = await failureOf(evaluateSubmission('submission.csv', {} as EvaluateOptions));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', stage: 'options' });
    expect(error.message).toContain('labels is missing');
  });
});

describe('a submission that is refused', () => {
  const row = (text: string): string => submission.replace('b.tif,0.200000000', text);

  it.each([
    ['b.tif,nan', 'the value "nan"'],
    ['b.tif,inf', 'the value "inf"'],
    ['b.tif,1e999', 'the value "1e999"'],
    ['b.tif,', 'an empty cell'],
    ['b.tif,1.0000001', 'the value "1.0000001"'],
    ['b.tif,-1e-9', 'the value "-1e-9"'],
    ['b.tif,[[0.2]]', 'the value "[[0.2]]"'],
    ['b.tif, 0.2', 'the value " 0.2"'],
    ['b.tif,0x1', 'the value "0x1"'],
  ])('%s', async (text, found) => {
    expect(await refusal(row(text))).toBe(
      `CSV_INVALID: submission.csv:3: ${found} for "b.tif", expected a number from 0 to 1; correct the named file`,
    );
  });

  it('names twice, no name', async () => {
    expect(await refusal(row('a.tif,0.2'))).toContain(
      'CSV_INVALID: submission.csv:3: "a.tif" a second time, after line 2',
    );
    expect(await refusal(row(',0.2'))).toContain('CSV_INVALID: submission.csv:3: an empty name');
  });

  it('names that only one of the files has: all of them in one message', async () => {
    const found = await refusal('filename,relapse\na.tif,0.9\nx.tif,0.2\ny.tif,0.1\n');
    expect(found).toBe(
      'ROWS_MISMATCH: 4 rows do not agree: "b.tif" (labels.csv:3): not in submission.csv; ' +
        '"c.tif" (labels.csv:4): not in submission.csv; "x.tif" (submission.csv:3): not in labels.csv; ' +
        '"y.tif" (submission.csv:4): not in labels.csv; make both files name the same slides',
    );
  });

  it.each(['2', '-1', '0.5', 'YES', '', 'nan'])('the label %j', async (label) => {
    const truth = labels.replace('b.tif,0', `b.tif,${label}`);
    expect(await refusal(submission, truth)).toMatch(/^CSV_INVALID: labels\.csv:3: .*expected a label: 0 or 1/);
  });

  it('no rows, no file', async () => {
    expect(await refusal('filename,relapse\n')).toContain('submission.csv:1: a header and no rows');
    const gone = evaluateSubmission('/no/such.csv', { labels: await fileWith(labels) });
    expect((await failureOf(gone)).code).toBe('FILE_NOT_FOUND');
  });
});
