import { describe, expect, it } from 'vitest';
import { parseAge, readMetadata } from '../../lib/runs/metadata.js';
import { failureOf, fileWith } from './support.js';

const first = 'filename,age,sex,body_site,melanoma_history\n';

describe('test_metadata.csv', () => {
  it('the first generation, without resolution', async () => {
    const metadata = await readMetadata(
      await fileWith(`${first}a.tif,[32:34[,1,trunc,NO\nb.tif,[98:100[,2,,\n`),
      'visiomel',
    );
    const a = metadata.rows.get('a.tif');
    expect(a).toMatchObject({
      age: { from: 32, to: 34 },
      sex: '1',
      bodySite: 'trunk',
      melanomaHistory: 'NO',
      slideMpp: null,
    });
    expect(a?.clinical).toEqual({ age: '[32:34[', sex: '1', body_site: 'trunc', melanoma_history: 'NO' });
    const b = metadata.rows.get('b.tif');
    expect(b).toMatchObject({ age: { from: 98, to: 100 }, bodySite: null, melanomaHistory: null, slideMpp: null });
    expect(b?.clinical).toEqual({ age: '[98:100[', sex: '2', body_site: null, melanoma_history: null });
  });

  it('the second generation: resolution in any place, and columns nobody knows', async () => {
    const text =
      'resolution,note,body_site,filename,sex,melanoma_history,age\n0.2525,"x, y",trunk,a.tif,1,yes,[6:8[\n,,,b.tif,,,\n';
    const { rows } = await readMetadata(await fileWith(text), 'visiomel');
    expect(rows.get('a.tif')).toMatchObject({
      slideMpp: 0.2525,
      bodySite: 'trunk',
      melanomaHistory: 'YES',
      age: { from: 6, to: 8 },
    });
    expect(rows.get('a.tif')?.clinical).toMatchObject({ note: 'x, y', resolution: '0.2525' });
    expect(rows.get('b.tif')).toMatchObject({ slideMpp: null, age: null, sex: null });
  });

  it.each([
    ['[32:34[', 32, 34],
    ['[6:8[', 6, 8],
    ['[98:100[', 98, 100],
    ['[10-12[', 10, 12],
    ['[ 20 : 30 [', 20, 30],
    ['[0:1[', 0, 1],
    ['[40:42]', 40, 42],
    ['61', 61, 62],
    ['61.5', 61, 62],
  ])('the age %s', (text, from, to) => {
    expect(parseAge(text)).toEqual({ from, to });
  });

  it.each(['', 'old', '[34:32[', '[32:32[', '[32:34', '32:34[', '[-2:4[', '[1000:1002[', 'NaN', '1e3', '[3 2:34['])(
    'the age %j is none',
    (text) => {
      expect(parseAge(text)).toBeNull();
    },
  );

  it.each([
    ['an age that is none', `${first}a.tif,soon,1,,\n`, ':2: the age "soon"'],
    ['a resolution of zero', 'filename,resolution\na.tif,0\n', ':2: the resolution "0"'],
    ['a negative resolution', 'filename,resolution\na.tif,-0.25\n', ':2: the resolution "-0.25"'],
    ['a resolution that is text', 'filename,resolution\na.tif,0.25um\n', ':2: the resolution "0.25um"'],
    ['a resolution in hexadecimal', 'filename,resolution\na.tif,0x1\n', ':2: the resolution "0x1"'],
    [
      'no name column',
      'age,sex\n[32:34[,1\n',
      ':1: no column "filename"; found "age", "sex"; correct the file, or pass idColumn',
    ],
    ['a duplicate name', `${first}a.tif,,,,\na.tif,,,,\n`, ':3: "a.tif" a second time, after line 2'],
    ['a name that leaves the folder', `${first}../a.tif,,,,\n`, ':2: a name with a path separator'],
    ['an empty file', '', ':1: an empty file'],
  ])('refuses %s', async (_, content, message) => {
    const error = await failureOf(readMetadata(await fileWith(content)));
    expect(error.code).toBe('CSV_INVALID');
    expect(error.message).toContain(message);
  });

  it('demands the known columns where the preset is named, and only then', async () => {
    const path = await fileWith('filename,resolution\na.tif,0.25\n');
    expect((await readMetadata(path)).rows.get('a.tif')?.slideMpp).toBe(0.25);
    const error = await failureOf(readMetadata(path, 'visiomel'));
    expect(error.message).toContain('no column "age", "sex", "body_site", "melanoma_history"');
  });

  it('a column called __proto__ is a column', async () => {
    const { rows } = await readMetadata(await fileWith('filename,__proto__\na.tif,x\n'));
    expect(Object.keys(rows.get('a.tif')?.clinical ?? {})).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});
