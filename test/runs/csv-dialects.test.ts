/** Tables of other kinds are refused by the name of their kind; missing values of a table are no values. */
import { describe, expect, it } from 'vitest';
import { readCsv } from '../../lib/runs/csv-read.js';
import { readFormat } from '../../lib/runs/format.js';
import { readMetadata } from '../../lib/runs/metadata.js';
import { failureOf, fileWith } from './support.js';

describe('separators', () => {
  it.each([
    ['semicolons', 'filename;relapse\na.tif;0,5\n'],
    ['semicolons', '"filename";"relapse"\r\n"a.tif";0\r\n'],
    ['semicolons', '\ufefffilename;age;sex\na.tif;1;2\n'],
    ['semicolons', 'filename;age, years;sex\na.tif;1;2\n'],
    ['semicolons', 'sep=;\nfilename;relapse\n'],
    ['semicolons', '\n\nfilename;relapse\n'],
    ['semicolons', 'filename;relapse'],
    ['tabs', 'filename\trelapse\na.tif\t0.5\n'],
    ['vertical bars', 'filename|relapse\na.tif|0.5\n'],
  ])('%s: %j is refused by that name', async (name, text) => {
    for (const read of [readFormat, readMetadata, readCsv] as const) {
      const error = await failureOf(read(await fileWith(text)));
      expect(error.code).toBe('CSV_INVALID');
      expect(error.message).toContain(`:1: a table whose cells are separated by ${name}, expected commas`);
      expect(error.advice).toContain('save the table with commas');
    }
  });

  it.each(['a\n1\n', 'a,b;c\n1,2\n', '"a;b;c",d\n1,2\n', '"a;b\n;c",d\n1,2\n', 'a,b\n1;1;1,2;2\n', 'a,b\tc\n1,2\n'])(
    '%j is a table with commas',
    async (text) => {
      expect((await readCsv(await fileWith(text))).rows).toHaveLength(1);
    },
  );
});

describe('files of another kind', () => {
  const utf16 = (text: string, swap = false): Buffer => {
    const bytes = Buffer.from(text, 'utf16le');
    return swap ? bytes.swap16() : bytes;
  };
  it.each([
    ['a UTF-16 file,', utf16('\ufefffilename,relapse\na.tif,0\n')],
    ['a UTF-16 file,', utf16('\ufefffilename,relapse\na.tif,0\n', true)],
    ['a UTF-16 file without a byte-order mark,', utf16('filename,relapse\n')],
    ['a UTF-16 file without a byte-order mark,', utf16('filename,relapse\n', true)],
    ['a UTF-32 file,', Buffer.from([0xff, 0xfe, 0, 0, 0x66, 0, 0, 0])],
    ['a spreadsheet (.xlsx, .ods) or another zip archive,', Buffer.from('PK\u0003\u0004 and more')],
    ['a spreadsheet (.xls),', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1])],
    ['a file compressed with gzip,', Buffer.from([0x1f, 0x8b, 8, 0])],
  ])('%s is refused by that name', async (name, bytes) => {
    const error = await failureOf(readFormat(await fileWith(bytes)));
    expect(error.code).toBe('CSV_INVALID');
    expect(error.message).toContain(`:1: ${name} expected UTF-8`);
  });

  it('Latin-1 is refused with the likely reason', async () => {
    const error = await failureOf(readCsv(await fileWith(Buffer.from('name\nM\xfcller\n', 'latin1'))));
    expect(error.message).toContain('bytes that are not UTF-8');
    expect(error.advice).toContain('Latin-1');
  });

  it('a byte-order mark and CRLF are no matter', async () => {
    const format = await readFormat(await fileWith('\ufefffilename,relapse\r\na.tif,0\r\nb.tif,\r\n'));
    expect(format.rows.map((row) => row.name)).toEqual(['a.tif', 'b.tif']);
    const { rows } = await readMetadata(await fileWith('\ufefffilename,resolution\r\na.tif,0.5\r\n'));
    expect(rows.get('a.tif')?.slideMpp).toBe(0.5);
  });
});

describe('missing values', () => {
  const header = 'filename,age,sex,body_site,melanoma_history,resolution,other\n';
  it.each(['', ' ', 'nan', 'NaN', 'NAN', '-nan', 'NA', 'na', 'N/A', 'n/a', '#N/A', '<NA>', 'null', 'NULL', ' nan '])(
    '%j is one in every column',
    async (text) => {
      const path = await fileWith(`${header}a.tif,${Array(6).fill(text).join(',')}\n`);
      const row = (await readMetadata(path, 'visiomel')).rows.get('a.tif');
      const none = { age: null, sex: null, bodySite: null, melanomaHistory: null, slideMpp: null };
      expect(row).toMatchObject(none);
      expect({ ...row?.clinical }).toEqual({
        age: null,
        sex: null,
        body_site: null,
        melanoma_history: null,
        resolution: null,
        other: null,
      });
    },
  );

  it('what only looks alike is a value, and a slide may be called nan', async () => {
    const path = await fileWith('filename,body_site,history\nnan,nasal,none\nNA,Nan Chang,no\n');
    const { rows } = await readMetadata(path);
    expect({ ...rows.get('nan')?.clinical }).toEqual({ body_site: 'nasal', history: 'none' });
    expect({ ...rows.get('NA')?.clinical }).toEqual({ body_site: 'Nan Chang', history: 'no' });
  });

  it('what is neither a value nor missing is still refused', async () => {
    for (const text of ['old', 'inf', '1e999', 'nan1'])
      expect((await failureOf(readMetadata(await fileWith(`filename,resolution\na.tif,${text}\n`)))).code).toBe(
        'CSV_INVALID',
      );
  });
});
