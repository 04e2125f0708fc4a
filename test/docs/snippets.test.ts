// Every code block of README.md, docs/competition.md and docs/guide runs as it is written, against the built package.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, runnable, type Block } from './support/blocks.js';
import { root, Workshop } from './support/workshop.js';

const guide = join(root, 'docs/guide');
const pages = [
  join(root, 'README.md'),
  join(root, 'docs/competition.md'),
  ...readdirSync(guide)
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => join(guide, name)),
].map((path) => ({
  path,
  name: path === join(root, 'README.md') ? 'front-page' : basename(path, '.md'),
  blocks: blocksOf(path),
}));

/** The name of a block's file, and of what is run of it. */
const fileOf = ({ file, language, line }: Block): string => file ?? `line-${line}.${language}`;
const programOf = (block: Block): string => fileOf(block).replace(/\.ts$/, '.js');
const isCode = ({ language }: Block): boolean => (runnable as readonly string[]).includes(language);
/** A file with a name is used by a later block. */
const isRun = (block: Block): boolean => isCode(block) && block.notRun === null && block.file === null;

describe('documentation', () => {
  let workshop: Workshop;
  let typeErrors: string;
  beforeAll(async () => {
    workshop = await Workshop.create();
    for (const { name, blocks } of pages) {
      for (const block of blocks) {
        if (block.file !== null || isRun(block)) workshop.write(name, fileOf(block), block.code);
      }
    }
    typeErrors = workshop.compile();
  });
  afterAll(() => workshop.remove());

  it('has no code that plain Node.js 20 cannot read, also where it is not run', () => {
    const all = pages.flatMap(({ name, blocks }) => blocks.map((block) => ({ name, ...block })));
    const tooNew = all.filter(({ language, code }) => language === 'js' && /\bawait using\b|\busing \w+ =/.test(code));
    expect(tooNew.map(({ name, line }) => `${name}:${line}`)).toEqual([]);
  });

  it('has blocks in every language, and its TypeScript has no type error', () => {
    const run = pages.flatMap(({ blocks }) => blocks.filter(isRun));
    expect(new Set(run.map(({ language }) => language))).toEqual(new Set(runnable));
    expect(typeErrors).toBe('');
  });

  describe.each(pages)('$name', ({ name, blocks }) => {
    it('has JSON that can be parsed, and uses every file that it writes', () => {
      for (const { language, code } of blocks) if (language === 'json') JSON.parse(code);
      for (const { file, line } of blocks) {
        if (file === null) continue;
        const isUsed = blocks.some((other) => other.line > line && isRun(other) && other.code.includes(file));
        expect(isUsed, `${file}, line ${line}`).toBe(true);
      }
    });

    it.each(blocks.filter(isRun))('line $line ($language)', async (block) => {
      const [program, ...options] = block.language === 'sh' ? ['sh', '-eu'] : [process.execPath];
      const { code, stdout, stderr } = await workshop.run(name, program ?? '', [...options, programOf(block)]);
      expect(code, stderr).toBe(block.exitCode);
      // A field that is gone, or was misspelt, would be printed as undefined.
      expect(stdout).not.toMatch(/\b(?:undefined|NaN)\b/);
      if (block.code.includes('console.log(')) expect(stdout).toMatch(/\S/);
      // Code says errors on stderr; the command line says its progress there.
      if (block.language !== 'sh') expect(stderr).toBe('');
    });
  });
});
