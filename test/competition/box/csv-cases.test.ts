/** Tables as they come: what is read, what is replaced by the fallback value, what is refused. Each case runs in the box. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeArea, smallSlides, withTables, type Area } from './support/area.js';
import { Box, type Ended } from './support/box.js';
import { foreignLines } from './support/log.js';
import { submissionOf, wantedCsv } from './support/submission.js';
import { metadataText, strictValues, type Patient } from './support/tables.js';
import { oldRoot, tools } from './support/tools.js';

const fallback = 0.16;

let area: Area;
let box: Box;
let format = '';
let metadata = '';
/** What the usual tables give. */
let usual = '';

beforeAll(async () => {
  area = await makeArea(join(tools.scratch, 'tables'), smallSlides(3, 81), 'second');
  [format, metadata] = [await readFile(area.format, 'utf8'), await readFile(area.metadata, 'utf8')];
  box = await Box.create(oldRoot, await submissionOf('second'), area.folder);
  const ended = await box.run();
  expect(ended.code, ended.output).toBe(0);
  usual = box.csv ?? '';
  strictValues(usual, area.names);
});

interface Outcome extends Ended {
  readonly csv: string | null;
  readonly wanted: () => Promise<string>;
}

async function outcome(tables: { format?: string; metadata?: string }): Promise<Outcome> {
  const folder = await mkdtemp(join(tools.scratch, 'case-'));
  const changed = await withTables(area, folder, tables);
  box.startOver(folder);
  const ended = await box.run(true);
  expect(foreignLines(ended.log)).toEqual([]);
  return { ...ended, csv: box.csv, wanted: () => wantedCsv('second', changed) };
}

/** The same patients, one of them changed. */
function withPatient(index: number, change: Partial<Patient>): string {
  const patients = area.slides.map((slide, i) => (i === index ? { ...slide, ...change } : slide));
  return metadataText(patients, 'second');
}

const rowOf = (name: string): string => metadata.split('\n').find((line) => line.startsWith(`${name},`)) ?? '';

describe('tables that are read', () => {
  it('the first generation of the metadata, without resolution', async () => {
    const found = await outcome({ metadata: metadataText(area.slides, 'first') });
    expect([found.code, found.csv]).toEqual([0, usual]);
  });

  it('CRLF, a byte-order mark, quotes, no line feed at the end', async () => {
    const quoted = format.replace(/^(\S+\.tif),/gm, '"$1",');
    const found = await outcome({
      format: `\ufeff${quoted.replaceAll('\n', '\r\n')}`,
      metadata: `\ufeff${metadata.trimEnd().replaceAll('\n', '\r\n')}`,
    });
    expect([found.code, found.csv]).toEqual([0, usual]);
  });

  it('rows of the metadata in another order', async () => {
    const [header = '', ...rows] = metadata.trimEnd().split('\n');
    const found = await outcome({ metadata: `${[header, ...rows.reverse()].join('\n')}\n` });
    expect([found.code, found.csv]).toEqual([0, usual]);
  });

  it.each(['[6:8[', '[98:100[', '[100:102[', '[10-12[', ' [ 32 : 34 [ '])('the age %j', async (age) => {
    const found = await outcome({ metadata: withPatient(1, { age }) });
    expect(found.code, found.output).toBe(0);
    expect(strictValues(found.csv ?? '', area.names).get(area.names[1] as string)).not.toBe(fallback);
    expect(found.csv).toBe(await found.wanted());
  });

  it('trunc and trunk are one site', async () => {
    const scores = await Promise.all(['trunc', 'trunk'].map(async (body_site) => withPatient(1, { body_site })));
    const [trunc, trunk] = [
      await outcome({ metadata: scores[0] as string }),
      await outcome({ metadata: scores[1] as string }),
    ];
    expect(trunc.csv).toBe(trunk.csv);
  });

  it.each(['', 'nan', 'NaN', 'NA', ' '])('the cell %j is no value', async (cell) => {
    const empty = await outcome({ metadata: withPatient(0, { age: '', body_site: '', resolution: '' }) });
    const found = await outcome({ metadata: withPatient(0, { age: cell, body_site: cell, resolution: cell }) });
    expect([found.code, found.csv]).toEqual([0, empty.csv]);
    expect(found.csv).toBe(await found.wanted());
  });
});

describe('rows that do not agree', () => {
  it('a slide without a row in the metadata gets the fallback value', async () => {
    const [, name = ''] = area.names;
    const found = await outcome({ metadata: metadata.replace(`${rowOf(name)}\n`, '') });
    expect(found.code, found.output).toBe(0);
    expect(strictValues(found.csv ?? '', area.names).get(name)).toBe(fallback);
  });

  it('a row without a slide gets it too; the others keep their scores', async () => {
    const found = await outcome({
      format: `${format}gone.tif,0.5\n`,
      metadata: `${metadata}${rowOf(area.names[0] as string).replace(area.names[0] as string, 'gone.tif')}\n`,
    });
    expect(found.code, found.output).toBe(0);
    expect(found.csv).toBe(`${usual}gone.tif,0.160000000\n`);
  });

  it('a row of the metadata that the format does not have changes nothing', async () => {
    const foreign = rowOf(area.names[0] as string).replace(area.names[0] as string, 'foreign.tif');
    const found = await outcome({ metadata: `${metadata}${foreign}\n` });
    expect([found.code, found.csv]).toEqual([0, usual]);
  });
});

describe('tables that are refused: exit code 4, the code of the error, and no CSV', () => {
  const first = (): string => area.names[0] as string;

  it.each([
    ['a name twice in the format', () => ({ format: `${format}${first()},0.5\n` })],
    ['a name twice in the metadata', () => ({ metadata: `${metadata}${rowOf(first())}\n` })],
    ['a name that leaves the folder, in the format', () => ({ format: `${format}../evil.tif,0.5\n` })],
    ['an absolute name in the format', () => ({ format: `${format}/etc/passwd,0.5\n` })],
    ['a name that leaves the folder, in the metadata', () => ({ metadata: metadata.replace(first(), '../evil.tif') })],
    ['a name without text', () => ({ format: `${format},0.5\n` })],
    ['another header', () => ({ format: format.replace('relapse', 'target') })],
    ['a format without rows', () => ({ format: 'filename,relapse\n' })],
    ['a row with a cell too many', () => ({ format: `${format}more.tif,0.5,1\n` })],
    ['metadata without a needed column', () => ({ metadata: metadata.replace('body_site', 'site') })],
    ['an age that is none', () => ({ metadata: withPatient(0, { age: 'old' }) })],
  ])('%s', async (_, tables) => {
    const found = await outcome(tables());
    expect([found.code, found.csv], found.output).toEqual([4, null]);
    expect(found.log.at(-1)).toMatch(/^failed CSV_INVALID /);
  });
});
