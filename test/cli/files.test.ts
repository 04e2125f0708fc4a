/** Folders, lists, links, columns and `file:` URLs on the command line. */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { helpOf } from '../../lib/cli/help.js';
import { scoreSpec } from '../../lib/cli/commands/score-options.js';
import { competitionArea, scoreOfName, temporaryFolder } from '../runs/support.js';
import { cli, fakeSlide } from './support.js';

const score = (...args: string[]) => cli(['score', '--model', 'demo', ...args]);

describe('folders and lists', () => {
  it('--recursive reads subfolders; without it they are told, with the reason', async () => {
    const area = await competitionArea(1);
    await mkdir(join(area.slides, 'sub'));
    await writeFile(join(area.slides, 'sub', 'x.tif'), '');
    const flat = await score(area.slides, '--out', area.output);
    expect(flat.code).toBe(0);
    expect(flat.stderr).toContain(
      `not read: ${join(area.slides, 'sub')}: a subfolder, and this run is not recursive\n`,
    );
    expect(flat.stderr).toContain('1 not read');
    const deep = await score(area.slides, '--out', area.output, '--overwrite', '--recursive');
    expect(deep.stderr).not.toContain('not read');
    expect(await readFile(area.output, 'utf8')).toContain(`sub/x.tif,${scoreOfName('x.tif').toFixed(9)}\n`);
  });

  it('what is not read is told once, at most twenty lines and the number of the others', async () => {
    const area = await competitionArea(1);
    for (let i = 0; i < 25; ++i) await writeFile(join(area.slides, `x${String(i).padStart(2, '0')}\n.isyntax`), '');
    const { code, stderr } = await score(area.slides);
    expect(code).toBe(0);
    const told = stderr.split('\n').filter((line) => line.startsWith('not read: '));
    expect(told).toHaveLength(21);
    expect(told[0]).toContain('x00\\u000a.isyntax: this version does not read .isyntax files');
    expect(told[20]).toBe('not read: and 5 more');
  });

  it('several folders, folders and slides, slides of one name', async () => {
    const [one, two] = [await competitionArea(2), await temporaryFolder()];
    await writeFile(join(two, one.names[0] ?? ''), '');
    const { code } = await score(one.slides, join(two, one.names[0] ?? ''), '--out', one.output);
    expect(code).toBe(0);
    const rows = (await readFile(one.output, 'utf8')).trimEnd().split('\n').slice(1);
    expect(rows.map((row) => row.split(',')[0])).toEqual([
      expect.stringMatching(new RegExp(`/data/${one.names[0]}$`)),
      one.names[1],
      expect.stringMatching(new RegExp(`/${one.names[0]}$`)),
    ]);
    expect((await score(one.slides, one.slides)).code).toBe(2);
  });

  it('--no-follow refuses a link: exit 4, with its own words, and nothing is written', async () => {
    const area = await competitionArea(1);
    const elsewhere = await temporaryFolder();
    await writeFile(join(elsewhere, 's.tif'), '');
    await symlink(join(elsewhere, 's.tif'), join(area.slides, 'link.tif'));
    expect((await score(area.slides, '--out', area.output)).code).toBe(0);
    const { code, stderr } = await score(area.slides, '--out', `${area.output}2`, '--no-follow');
    expect(code).toBe(4);
    expect(stderr).toContain('CSV_INVALID (csv)');
    expect(stderr).toContain(
      '"link.tif" is a link that leaves the folder; replace it by the slide, or leave --no-follow out',
    );
    await expect(readFile(`${area.output}2`)).rejects.toThrow('ENOENT');
    expect(helpOf(scoreSpec)).toContain('--no-follow  ');
  });

  it('a name with a line feed fails its row: exit 3, and no line is forged', async () => {
    const area = await competitionArea(1);
    await writeFile(join(area.slides, 'a\nfailed: b.tif'), '');
    const { code, stderr } = await score(area.slides, '--out', area.output);
    expect(code).toBe(3);
    expect(stderr.split('\n').filter((line) => line.startsWith('failed: '))).toHaveLength(1);
    expect(stderr).toContain('a\\u000afailed: b.tif: CSV_INVALID: a name with control characters');
    expect((await readFile(area.output, 'utf8')).split('\n')).toHaveLength(4);
  });
});

describe('columns', () => {
  it('are named by flags; the status column may go without a name', async () => {
    const area = await competitionArea(2);
    const flags = ['--id-column', 'case', '--value-column', 'risk'];
    expect((await score(area.slides, '--out', area.output, ...flags, '--status-column')).code).toBe(0);
    expect((await readFile(area.output, 'utf8')).split('\n')[0]).toBe('case,risk,status');
    await score('--status-column', '--out', area.output, '--overwrite', area.slides);
    expect((await readFile(area.output, 'utf8')).split('\n')[0]).toBe('filename,relapse,status');
    for (const named of [['--status-column', 'what'], ['--status-column=what']]) {
      await score(area.slides, '--out', area.output, '--overwrite', ...named, '--all-outputs');
      expect((await readFile(area.output, 'utf8')).split('\n')[0]).toBe('filename,relapse,what');
    }
    expect(helpOf(scoreSpec)).toContain('--status-column [NAME]');
  });

  it('with --on-error skip the status has the code of a failure: exit 3', async () => {
    const area = await competitionArea(2);
    const failing = { [area.names[0] ?? '']: 'TRUNCATED' as const };
    const flags = ['--out', area.output, '--on-error', 'skip', '--status-column'];
    const { code, stderr } = await cli(['score', area.slides, '--model', 'demo', ...flags], { scorer: { failing } });
    expect(code).toBe(3);
    expect(stderr).toContain('2 rows, 1 failed and has no value');
    expect(await readFile(area.output, 'utf8')).toContain(`${area.names[0]},,failed: TRUNCATED\n`);
  });

  it('the status column swallows no slide', async () => {
    const area = await competitionArea(1);
    for (const path of [area.slides, 'a.tif', './x']) {
      const { code, stderr } = await score('--out', area.output, area.slides, '--status-column', path);
      expect(code).toBe(2);
      expect(stderr).toContain(`would be ${JSON.stringify(path)}, which looks like a path`);
    }
  });

  it.each(['--id-column=a', '--value-column=a', '--all-outputs', '--status-column'])(
    '%s is refused with a preset, in words: exit 2',
    async (flag) => {
      const area = await competitionArea(1);
      const { code, stderr } = await score(area.slides, '--out', area.output, '--preset', 'visiomel', flag);
      expect(code).toBe(2);
      expect(stderr).toContain(`Expected only one of --preset and ${flag.split('=')[0]} but received both`);
      await expect(readFile(area.output)).rejects.toThrow('ENOENT');
    },
  );

  it('a table with semicolons is refused by that name: exit 4', async () => {
    const area = await competitionArea(1);
    await writeFile(area.format, 'filename;relapse\na.tif;0,5\n');
    const { code, stderr } = await score(area.slides, '--format', area.format);
    expect(code).toBe(4);
    expect(stderr).toContain('a table whose cells are separated by semicolons, expected commas');
  });
});

describe('file: URLs', () => {
  const url = (path: string): string => pathToFileURL(path).href;

  it('score: slides, tables, output, file of options', async () => {
    const area = await competitionArea(2);
    const config = join(area.folder, 'run.json');
    await writeFile(config, JSON.stringify({ format: url(area.format), metadata: url(area.metadata) }));
    const { code } = await score(url(area.slides), '--out', url(area.output), '--config', url(config));
    expect(code).toBe(0);
    expect((await readFile(area.output, 'utf8')).split('\n')).toHaveLength(4);
    const one = await score(url(join(area.slides, area.names[0] ?? '')));
    expect(one.stdout).toContain(join(area.slides, area.names[0] ?? ''));
  });

  it('info, region and model hand it on; region writes to one', async () => {
    const opened: string[] = [];
    const library = {
      openSlide: async (path: string) => {
        opened.push(path);
        return fakeSlide();
      },
    };
    const out = join(await temporaryFolder(), 'r.raw');
    expect((await cli(['info', 'file:///x/s.tif'], { library })).code).toBe(0);
    const region = ['region', 'file:///x/s.tif', '--width', '2', '--height', '2', '--out', url(out)];
    expect((await cli(region, { library })).code).toBe(0);
    expect(opened).toEqual(['file:///x/s.tif', 'file:///x/s.tif']);
    expect(await readFile(out)).toHaveLength(12);
  });

  it('one that is not local is refused: exit 2', async () => {
    const { code, stderr } = await score('file://host/slides');
    expect(code).toBe(2);
    expect(stderr).toContain('is not the address of a local file');
  });
});
