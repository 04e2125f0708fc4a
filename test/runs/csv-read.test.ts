import { describe, expect, it } from 'vitest';
import { defaultCsvLimits, readCsv } from '../../lib/runs/csv-read.js';
import { failureOf, fileWith, temporaryFolder } from './support.js';

async function cells(content: string | Uint8Array): Promise<(readonly string[])[]> {
  const table = await readCsv(await fileWith(content));
  return [table.header, ...table.rows.map((row) => row.cells)];
}

async function refusal(content: string | Uint8Array, limits = defaultCsvLimits): Promise<string> {
  const path = await fileWith(content);
  const error = await failureOf(readCsv(path, limits));
  expect(error.code).toBe('CSV_INVALID');
  expect(error.stage).toBe('csv');
  expect(error.path).toBe(path);
  return error.message.replace(path, 'FILE');
}

describe('what is read', () => {
  const plain = [
    ['a', 'b'],
    ['1', 'x y'],
    ['2', ''],
  ];

  it('plain rows, with and without a last line feed', async () => {
    expect(await cells('a,b\n1,x y\n2,\n')).toEqual(plain);
    expect(await cells('a,b\n1,x y\n2,')).toEqual(plain);
  });

  it('CRLF, a byte-order mark, empty lines anywhere', async () => {
    expect(await cells('\ufeffa,b\r\n1,x y\r\n2,\r\n')).toEqual(plain);
    expect(await cells('\n\na,b\n\n1,x y\r\n\r\n2,\n\n\n')).toEqual(plain);
  });

  it('quotes: commas, doubled quotes, line ends and empty cells inside', async () => {
    expect(await cells('"a","b, c"\n"say ""hi""","two\nlines"\n"",""\n')).toEqual([
      ['a', 'b, c'],
      ['say "hi"', 'two\nlines'],
      ['', ''],
    ]);
  });

  it('a row of one quoted empty cell is a row, an empty line is not', async () => {
    expect(await cells('a\n""\n\nx\n')).toEqual([['a'], [''], ['x']]);
  });

  it('line numbers count lines inside quotes and empty lines', async () => {
    const table = await readCsv(await fileWith('a,b\n"1\n1",2\n\n3,4\r\n5,6\n'));
    expect(table.rows.map((row) => row.line)).toEqual([2, 5, 6]);
  });

  it('every split of a file into pieces gives the same table', async () => {
    // Pieces are 128 KiB: each shift puts the border at another byte of the pattern, a quote pair, a CRLF and the middle
    // of a character included.
    const pattern = '"é"",\n",ü€\r\n';
    for (let shift = 0; shift <= Buffer.byteLength(pattern); ++shift) {
      const start = `h,i\n${'z,z\n'.repeat(32_000)}`;
      const filler = `${'x'.repeat(128 * 1024 - shift - start.length - ',y\n'.length)},y\n`;
      const table = await readCsv(await fileWith(start + filler + pattern.repeat(2)));
      expect(table.rows).toHaveLength(32_003);
      expect(table.rows.slice(-2).map((row) => row.cells)).toEqual(Array(2).fill(['é",\n', 'ü€']));
    }
  });

  it('the digest is of the bytes', async () => {
    const one = await readCsv(await fileWith('a\n1\n'));
    const two = await readCsv(await fileWith('a\r\n1\r\n'));
    expect(one.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(one.sha256).not.toBe(two.sha256);
  });
});

describe('what is refused, with its line', () => {
  it.each([
    ['an empty file', '', 'FILE:1: an empty file'],
    ['nothing but empty lines', '\n\r\n\n', 'FILE:1: an empty file'],
    ['a short row', 'a,b\n1,2\n3\n', "FILE:3: 1 cells, expected the header's 2"],
    ['a long row', 'a,b\n1,2,3\n', "FILE:2: 3 cells, expected the header's 2"],
    ['a duplicate column', 'a,b,a\n1,2,3\n', 'FILE:1: the column "a" occurs twice'],
    ['an open quote', 'a,b\n1,"2\n3,4\n', 'FILE:2: a quoted cell that starts in this row is never closed'],
    ['text after a quote', 'a,b\n"1"x,2\n', 'FILE:2: text after the closing quote'],
    ['a quote in a plain cell', 'a,b\n1,2"3"\n', 'FILE:2: a quote inside a cell'],
    ['a lone carriage return', 'a,b\r1,2\r', 'FILE:1: a carriage return without a line feed'],
    ['a carriage return at the end', 'a,b\n1,2\r', 'FILE:2: a carriage return without a line feed'],
    ['a NUL', 'a,b\n1,\0\n', 'FILE:2: a NUL'],
  ])('%s', async (_, content, message) => {
    expect(await refusal(content)).toContain(message);
  });

  it('bytes that are not UTF-8, and UTF-16', async () => {
    expect(await refusal(Buffer.from([0x61, 0x0a, 0xff, 0x0a]))).toContain('not UTF-8');
    expect(await refusal(Buffer.from([0x61, 0x0a, 0xc3]))).toContain('not UTF-8');
    expect(await refusal(Buffer.from('\ufeffa,b\n', 'utf16le'))).toContain('FILE:1: a UTF-16 file');
  });

  it('more than the limits allow', async () => {
    const limits = { bytes: 100, rows: 2, columns: 3, cells: 5, cellChars: 10 };
    expect(await refusal('a\n1\n2\n3\n', limits)).toContain('FILE:4: more than 2 rows');
    expect(await refusal('a,b,c\n1,2,3\n4,5,6\n', limits)).toContain('FILE:3: more than 5 cells');
    expect(await refusal('a,b,c,d\n', limits)).toContain('FILE:1: more than 3 columns');
    expect(await refusal('a\n12345678901\n', limits)).toContain('FILE:2: a cell of more than 10 characters');
    expect(await refusal(`a\n${'1\n'.repeat(60)}`, { ...limits, rows: 1000 })).toContain(
      'FILE: a file of 122 bytes, at most 100 are read',
    );
  });

  it('what is not a file', async () => {
    const folder = await temporaryFolder();
    expect((await failureOf(readCsv(`${folder}/none.csv`))).code).toBe('FILE_NOT_FOUND');
    const error = await failureOf(readCsv(folder));
    expect(error.code).toBe('CSV_INVALID');
    expect(error.message).toContain('a folder, a regular file was expected');
  });
});
