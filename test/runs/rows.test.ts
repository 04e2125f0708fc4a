import { link, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultFolderRules } from '../../lib/runs/folder-walk.js';
import { readFormat, type SubmissionFormat } from '../../lib/runs/format.js';
import { readMetadata } from '../../lib/runs/metadata.js';
import { rowsMismatch, rowsOfFiles, rowsOfFolder, rowsOfFormat } from '../../lib/runs/rows.js';
import { isSlideName } from '../../lib/runs/slide-files.js';
import { failureOf, temporaryFolder } from './support.js';

async function folderWith(...names: string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of names) await writeFile(join(folder, name), name);
  return folder;
}

async function formatOf(folder: string, ...names: string[]): Promise<SubmissionFormat> {
  const path = join(folder, 'submission_format.csv');
  await writeFile(path, `filename,relapse\n${names.map((name) => `${name},0.5\n`).join('')}`);
  return readFormat(path);
}

describe('which files are slides', () => {
  it.each(['a.tif', 'a.TIF', 'a.tiff', 'B.Svs', 'x.y.tif', ' .tif'])('%j is', (name) => {
    expect(isSlideName(name)).toBe(true);
  });
  it.each(['.a.tif', '.tif', 'a.jpg', 'atif', 'a.tif.csv', 'a.tif~'])('%j is not', (name) => {
    expect(isSlideName(name)).toBe(false);
  });

  it('a folder: name order, regular files, no recursion', async () => {
    const folder = await folderWith('b.tif', 'a.svs', 'C.TIFF', '.hidden.tif', 'notes.txt');
    await mkdir(join(folder, 'folder.tif'));
    await writeFile(join(folder, 'folder.tif', 'inner.tif'), '');
    const { rows, problems } = await rowsOfFolder(folder, null, false);
    expect(rows.map((row) => [row.index, row.name])).toEqual([
      [0, 'C.TIFF'],
      [1, 'a.svs'],
      [2, 'b.tif'],
    ]);
    expect(problems).toEqual([]);
    expect(rows[1]?.slide?.identity).toMatchObject({ size: '5' });
  });

  it('an empty folder, no folder, and a file are refused', async () => {
    const folder = await folderWith('notes.txt');
    expect((await failureOf(rowsOfFolder(folder, null, false))).code).toBe('FILE_NOT_FOUND');
    expect((await failureOf(rowsOfFolder(join(folder, 'none'), null, false))).code).toBe('FILE_NOT_FOUND');
    expect((await failureOf(rowsOfFolder(join(folder, 'notes.txt'), null, false))).code).toBe('INVALID_OPTION');
  });
});

const noLinks = { ...defaultFolderRules, followLinks: false };

/** With links refused, as a run with `followLinks: false` has it. */
const strictRows = (folder: string, format: SubmissionFormat) =>
  rowsOfFormat(folder, format, null, false, undefined, noLinks);

describe('links that are not followed', () => {
  it('the folder itself may be one, and a link to it', async () => {
    const folder = await folderWith('real.tif');
    await symlink('real.tif', join(folder, 'linked.tif'));
    const alias = join(await temporaryFolder(), 'alias');
    await symlink(folder, alias);
    const { rows, problems } = await strictRows(alias, await formatOf(folder, 'real.tif'));
    expect(problems).toEqual([]);
    expect(rows[0]?.slide?.identity.size).toBe('8');
    const error = await failureOf(strictRows(alias, await formatOf(folder, 'linked.tif')));
    expect(error.code).toBe('CSV_INVALID');
    expect(error.message).toContain('submission_format.csv:2: "linked.tif" is a link; ');
  });

  it('one that leaves is refused: by a row, and in a folder without format', async () => {
    const outside = await folderWith('secret.tif');
    const folder = await folderWith('a.tif');
    await symlink(join(outside, 'secret.tif'), join(folder, 'b.tif'));
    const format = await formatOf(folder, 'a.tif', 'b.tif');
    const error = await failureOf(strictRows(folder, format));
    expect(error.code).toBe('CSV_INVALID');
    expect(error.message).toContain('submission_format.csv:3: "b.tif" is a link that leaves the folder');
    const inFolder = await failureOf(rowsOfFolder(folder, null, false, undefined, noLinks));
    expect(inFolder.code).toBe('CSV_INVALID');
    expect(inFolder.message).toContain('"b.tif" is a link that leaves the folder');
  });

  it('a neighbour folder whose name starts alike is outside', async () => {
    const parent = await temporaryFolder();
    await mkdir(join(parent, 'data'));
    await mkdir(join(parent, 'data-secret'));
    await writeFile(join(parent, 'data-secret', 'x.tif'), '');
    await symlink('../data-secret/x.tif', join(parent, 'data', 'x.tif'));
    const format = await formatOf(parent, 'x.tif');
    expect((await failureOf(strictRows(join(parent, 'data'), format))).message).toContain('leaves the folder');
  });

  it('a chain that ends outside is refused; a dead end and a ring are missing slides', async () => {
    const outside = await folderWith('secret.tif');
    const folder = await folderWith('a.tif');
    await symlink(outside, join(folder, 'way'));
    await symlink('way/secret.tif', join(folder, 'chain.tif'));
    await symlink('nowhere.tif', join(folder, 'dead.tif'));
    await symlink('ring.tif', join(folder, 'ring.tif'));
    const chain = await failureOf(strictRows(folder, await formatOf(folder, 'chain.tif')));
    expect(chain.message).toContain('leaves the folder');
    const { problems } = await strictRows(folder, await formatOf(folder, 'dead.tif', 'ring.tif'));
    expect(problems).toEqual([
      expect.stringContaining('"dead.tif"'),
      expect.stringContaining('a link that leads back to itself'),
    ]);
    expect(problems[0]).toContain('a link to a file that is not there');
  });

  it('a hard link is a file', async () => {
    const folder = await folderWith('a.tif');
    await link(join(folder, 'a.tif'), join(folder, 'b.tif'));
    expect((await rowsOfFolder(folder, null, false)).rows).toHaveLength(2);
  });
});

describe('joining', () => {
  const header = 'filename,age,sex,body_site,melanoma_history\n';

  it('keeps the order of the format file, not of the metadata', async () => {
    const folder = await folderWith('a.tif', 'b.tif', 'c.tif');
    const format = await formatOf(folder, 'c.tif', 'a.tif', 'b.tif');
    const path = join(folder, 'm.csv');
    await writeFile(path, `${header}a.tif,[30:32[,1,,\nb.tif,[40:42[,2,,\nc.tif,[50:52[,1,,\n`);
    const { rows, problems } = await rowsOfFormat(folder, format, await readMetadata(path), false);
    expect(problems).toEqual([]);
    expect(rows.map((row) => [row.name, row.metadata?.age?.from])).toEqual([
      ['c.tif', 50],
      ['a.tif', 30],
      ['b.tif', 40],
    ]);
  });

  it('collects every disagreement: no slide, no metadata, not in the format, not a file', async () => {
    const folder = await folderWith('a.tif', 'b.tif', 'unlisted.tif');
    await mkdir(join(folder, 'd.tif'));
    const format = await formatOf(folder, 'a.tif', 'b.tif', 'c.tif', 'd.tif');
    const path = join(folder, 'm.csv');
    await writeFile(path, `${header}a.tif,,,,\nc.tif,,,,\nd.tif,,,,\nz.tif,,,,\n`);
    const { rows, problems } = await rowsOfFormat(folder, format, await readMetadata(path), false);
    expect(problems).toHaveLength(4);
    const { message, code } = rowsMismatch(problems);
    expect(code).toBe('ROWS_MISMATCH');
    expect(message).toContain(`"b.tif" (${format.path}:3): no row in ${path}`);
    expect(message).toContain(`"c.tif" (${format.path}:4): no such slide`);
    expect(message).toContain(`"d.tif" (${format.path}:5): a folder, and no DICOM slide is in it`);
    expect(message).toContain(`"z.tif" (${path}:5): not in ${format.path}`);
    expect(message).not.toContain('\n');
    expect(rows.map((row) => row.slide !== null)).toEqual([true, false, false, false]);
  });

  it('the ISIC preset names slides by their stems, and will not guess between two', async () => {
    const folder = await folderWith('ISIC_1.tif', 'ISIC_2.tif', 'ISIC_2.svs');
    const path = join(folder, 'sample_submission.csv');
    await writeFile(path, 'isic_id,target\nISIC_1,0.3\nISIC_2,0.3\nISIC_3,0.3\n');
    const { rows, problems } = await rowsOfFormat(folder, await readFormat(path, 'isic2024'), null, true);
    expect(rows[0]?.slide?.path).toBe(join(folder, 'ISIC_1.tif'));
    expect(problems[0]).toContain('several slides: "ISIC_2.svs", "ISIC_2.tif"');
    expect(problems[1]).toContain('"ISIC_3"');
  });

  it('single files: rows carry the file names; other rows of the metadata do not matter', async () => {
    const folder = await folderWith('a.tif', 'b.tif');
    const path = join(folder, 'm.csv');
    await writeFile(path, `${header}a.tif,[30:32[,1,,\nz.tif,,,,\n`);
    const metadata = await readMetadata(path);
    const one = await rowsOfFiles([join(folder, 'a.tif')], metadata, false);
    expect(one.problems).toEqual([]);
    expect(one.rows[0]).toMatchObject({ name: 'a.tif', metadata: { sex: '1' } });
    expect((await rowsOfFiles([join(folder, 'b.tif')], metadata, false)).problems).toHaveLength(1);
    const twice = [join(folder, 'a.tif'), join(folder, '.', 'a.tif')];
    expect((await failureOf(rowsOfFiles(twice, null, false))).code).toBe('INVALID_OPTION');
    expect((await failureOf(rowsOfFiles([join(folder, 'none.tif')], null, false))).code).toBe('FILE_NOT_FOUND');
    expect((await failureOf(rowsOfFiles(['/dev/null'], null, false))).code).toBe('NOT_A_SLIDE');
    const remote = await failureOf(rowsOfFiles(['gs://host/a.tif'], null, false));
    expect(remote.message).toContain('and s3:// addresses, not from gs://host/a.tif');
  });

  it('says which slide a name without its ending may mean', async () => {
    const folder = await folderWith('a.svs', 'a.txt');
    const format = await formatOf(folder, 'a', 'b');
    const { problems } = await rowsOfFormat(folder, format, null, false);
    expect(problems[0]).toContain('no such slide, but there is "a.svs"');
    expect(problems[1]).toMatch(/no such slide$/);
  });

  it('names a slide that was moved away since', async () => {
    const folder = await folderWith('a.tif');
    const format = await formatOf(folder, 'a.tif');
    await rename(join(folder, 'a.tif'), join(folder, 'a.tif.gone'));
    expect((await rowsOfFormat(folder, format, null, false)).problems[0]).toContain('no such slide');
  });
});
