import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nearestWord } from './near-miss.mjs';
import { CommandError, run } from './run.mjs';
import { sortWords, testFiles } from './test-words.mjs';

const stages = ['types', 'native', 'unit'];
const files = ['test/runs/journal.test.ts', 'test/cli/help.test.ts'];

describe('the words of npm test', () => {
  it('are stages, or parts of names of test files', async () => {
    expect(await sortWords(['native', 'journal'], stages, files)).toEqual({ chosen: ['native'], filters: ['journal'] });
    expect(await sortWords(['cli/help'], stages, files)).toEqual({ chosen: [], filters: ['cli/help'] });
    expect(await sortWords([], stages, files)).toEqual({ chosen: [], filters: [] });
  });
  it('from the first option on are those of vitest', async () => {
    const words = ['unit', '-t', 'some name'];
    expect(await sortWords(words, stages, files)).toEqual({ chosen: ['unit'], filters: ['-t', 'some name'] });
  });
  it.each([
    ['ntaive', 'did you mean native?'],
    ['jornal', 'did you mean journal?'],
    ['zzzzzzzz', 'stages: types, native, unit'],
  ])('%s is refused before anything is built: %s', async (word, hint) => {
    const refused = { isHelpPage: true, exitCode: 2, message: expect.stringContaining(hint) };
    await expect(sortWords([word], stages, files)).rejects.toMatchObject(refused);
  });
  it('find the files that there are', async () => {
    const found = await testFiles(['scripts', 'no-such-folder']);
    expect(found).toContain('scripts/steps/test-words.test.mjs');
    expect(found.every((file) => /\.test\.(ts|mjs)$/.test(file))).toBe(true);
  });
  it('are compared as the library does', async () => {
    expect(await nearestWord('unti', stages)).toBe('unit');
    expect(await nearestWord('zzzzzzzz', stages)).toBeNull();
  });
});

describe('a quiet program that takes long', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'microtome-alive-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('says what it does, until it ends', async () => {
    const flag = join(folder, 'flag');
    const wait = `const { existsSync } = require('node:fs');
      console.log('[ 45%] Building something');
      const timer = setInterval(() => existsSync(${JSON.stringify(flag)}) && clearInterval(timer), 5);`;
    const said = [];
    const say = (line) => {
      said.push(line);
      // The program ends only after it has been told of with what it wrote.
      if (line.includes('45%')) void writeFile(flag, '');
    };
    expect((await run(process.execPath, ['-e', wait], { quiet: true, everyMs: 5, say })).code).toBe(0);
    expect(said.at(-1)).toMatch(/^ {2}\d+ s: \[ 45%\] Building something$/);
  });

  it('that cannot be started leaves nothing behind', async () => {
    const say = () => {};
    await expect(run('/no/such/program', [], { quiet: true, say })).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(run(process.execPath, ['-e', 'process.exit(3)'], { quiet: true, say })).rejects.toBeInstanceOf(
      CommandError,
    );
  });
});
