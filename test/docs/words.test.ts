// Words that readers from other fields stumbled over, and their like, stay out of everything that a user reads.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../../lib/cli/commands.js';
import { helpOf, overview } from '../../lib/cli/help.js';
import { errorAdvice, optionTable } from '../../lib/index.js';
import { root } from './support/workshop.js';

/** What was said, and what is said now. */
const stumblingBlocks: readonly (readonly [RegExp, string])[] = [
  [/less work, said aloud|^less work:/im, 'faster, approximate'],
  [/\bmean heads\b|\bheads are all means\b/i, 'models whose slide score is the mean over tiles'],
  [/\bof that choice\b|\bof the order of --/i, 'random seed for'],
  [/\bhow often that shall\b/i, 'confidence level'],
  [/\b(?:memory|holds?) beside the model\b/i, 'not counting the model'],
  [/\bprior\b/i, 'fallback'],
  [/\bto be told\b/i, 'not stated; pass'],
  [/\bno path is known\b|\bnobody named\b/i, 'is not installed'],
  [/\*is\* a model tile\b|\bis a model tile is not kept\b/i, 'coincides with one model tile'],
  [/\bsaid aloud\b|\bthereof\b|\bcompany of other\b|\btakes? the word\b|\bhas the word\b/i, 'plain words'],
  [/\ba few directories\b/i, 'header tables'],
  [/\bof its is an? \b/i, 'a noun in the place of the pronoun'],
  [/\bgives you a typed\b/i, 'returns a typed result'],
];

const page = (name: string): string => readFileSync(join(root, name), 'utf8');
const folder = (name: string): readonly string[] =>
  readdirSync(join(root, name))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `${name}/${file}`);
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...folder('docs'), ...folder('docs/guide')];

async function helpTexts(): Promise<readonly string[]> {
  const all = commands.flatMap((command) => [command, ...(command.subcommands ?? [])]);
  const loaded = await Promise.all(all.map(({ load }) => load()));
  return [overview('0', all), ...loaded.map(({ spec }) => helpOf(spec))];
}

function stumbles(text: string): readonly string[] {
  return stumblingBlocks.filter(([found]) => found.test(text)).map(([found, better]) => `${found}: say "${better}"`);
}

describe('words', () => {
  it('knows the phrases that it looks for', () => {
    for (const said of [
      'Less work, said aloud',
      'for models of mean heads',
      'of that choice, and of the order of --stop-at',
      'how often that shall be true',
      'memory beside the model',
      "rows without slide or metadata: refuse, or the model's prior",
      'resolution to be told',
      'no path is known for a library that is needed',
      'On the way to a tensor only a stored tile that *is* a model tile is not kept',
    ]) {
      expect(stumbles(said), said).not.toEqual([]);
    }
  });

  it.each(pages)('%s', (name) => expect(stumbles(page(name))).toEqual([]));

  it('help of the command line, options, advice of errors', async () => {
    for (const text of await helpTexts()) expect(stumbles(text)).toEqual([]);
    for (const { name, doc } of optionTable) expect([name, ...stumbles(doc)]).toEqual([name]);
    for (const [code, advice] of Object.entries(errorAdvice)) expect([code, ...stumbles(advice)]).toEqual([code]);
  });

  it('an option is explained in one short sentence', () => {
    const wordiness = optionTable.map(({ name, doc }) => ({ name, words: doc.split(/\s+/).length }));
    expect(wordiness.filter(({ words }) => words > 30)).toEqual([]);
    expect(optionTable.filter(({ doc }) => !/^\S.*\.$/.test(doc)).map(({ name }) => name)).toEqual([]);
  });
});
