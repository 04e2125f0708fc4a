import { describe, expect, it } from 'vitest';
import { readFormat } from '../../lib/runs/format.js';
import { failureOf, fileWith } from './support.js';

async function refusal(content: string): Promise<string> {
  const path = await fileWith(content, 'submission_format.csv');
  const error = await failureOf(readFormat(path));
  expect(error.code).toBe('CSV_INVALID');
  return error.message.replace(path, 'FILE');
}

describe('submission_format.csv', () => {
  it('keeps the order of its rows, whatever the line ends, quotes and the byte-order mark', async () => {
    for (const text of [
      'filename,relapse\nb.tif,0.5\na.tif,0.5\n',
      '\ufeff"filename","relapse"\r\n"b.tif",0.5\r\n\r\na.tif,\r\n',
    ]) {
      const format = await readFormat(await fileWith(text));
      expect(format.header).toEqual(['filename', 'relapse']);
      expect(format.rows.map((row) => row.name)).toEqual(['b.tif', 'a.tif']);
    }
  });

  it('the ISIC preset has its own header, and each says where the other belongs', async () => {
    const path = await fileWith('isic_id,target\nISIC_0015657,0.3\n');
    const format = await readFormat(path, 'isic2024');
    expect(format.header).toEqual(['isic_id', 'target']);
    expect((await failureOf(readFormat(path))).message).toContain("preset 'isic2024'");
    const other = await fileWith('filename,relapse\na.tif,0.5\n');
    expect((await failureOf(readFormat(other, 'isic2024'))).message).toContain("preset 'visiomel'");
  });

  it.each([
    ['another header', 'file,score\na.tif,1\n', 'FILE:1: the header "file","score", expected filename,relapse'],
    ['swapped columns', 'relapse,filename\n0.5,a.tif\n', 'FILE:1: the header'],
    ['a third column', 'filename,relapse,x\na.tif,0.5,1\n', 'FILE:1: the header'],
    ['other case', 'Filename,Relapse\na.tif,0.5\n', 'FILE:1: the header'],
    ['no header', 'a.tif,0.5\nb.tif,0.5\n', 'FILE:1: the header'],
    ['no rows', 'filename,relapse\n', 'FILE:1: a header and no rows'],
    ['nothing', '', 'FILE:1: an empty file'],
    ['a duplicate', 'filename,relapse\na.tif,0\nb.tif,0\na.tif,0\n', 'FILE:4: "a.tif" a second time, after line 2'],
    ['an empty name', 'filename,relapse\n,0.5\n', 'FILE:2: an empty name'],
    ['a path', 'filename,relapse\nsub/a.tif,0\n', 'FILE:2: a name with a path separator'],
    ['a parent', 'filename,relapse\n../a.tif,0\n', 'FILE:2: a name with a path separator'],
    ['an absolute path', 'filename,relapse\n/etc/passwd,0\n', 'FILE:2: a name with a path separator'],
    ['a backslash', 'filename,relapse\n..\\a.tif,0\n', 'FILE:2: a name with a path separator'],
    ['dots', 'filename,relapse\n..,0\n', 'FILE:2: a name that leaves the folder'],
    ['a dot', 'filename,relapse\n.,0\n', 'FILE:2: a name that leaves the folder'],
    ['a line feed', 'filename,relapse\n"a\n.tif",0\n', 'FILE:2: a name with control characters'],
    ['an escape character', 'filename,relapse\na\u001b[31m.tif,0\n', 'FILE:2: a name with control characters'],
    ['a C1 control', 'filename,relapse\na\u0085.tif,0\n', 'FILE:2: a name with control characters'],
    ['a NUL', 'filename,relapse\na\0.tif,0\n', 'FILE:2: a NUL'],
    ['a very long name', `filename,relapse\n${'é'.repeat(128)},0\n`, 'FILE:2: a name of more than 255 bytes'],
  ])('refuses %s', async (_, content, message) => {
    expect(await refusal(content)).toContain(message);
  });

  it('a name with two dots inside, spaces or commas is a name', async () => {
    const format = await readFormat(await fileWith('filename,relapse\na..b.tif,0\n" c,d.tif",0\n...tif,0\n'));
    expect(format.rows.map((row) => row.name)).toEqual(['a..b.tif', ' c,d.tif', '...tif']);
  });
});
