// The words after `npm test --`: names of stages, and parts of names of test files.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { nearestWord } from './near-miss.mjs';
import { inRoot } from './paths.mjs';

/** Paths of the test files below some folders, from the root. */
export async function testFiles(folders) {
  const lists = folders.map(async (folder) => {
    if (!existsSync(inRoot(folder))) return [];
    const names = await readdir(inRoot(folder), { recursive: true });
    return names.filter((name) => /\.test\.(ts|mjs)$/.test(name)).map((name) => join(folder, name));
  });
  return (await Promise.all(lists)).flat();
}

/** What ends the script with a message and exit code 2. */
function refusal(message) {
  return Object.assign(new Error(message), { isHelpPage: true, exitCode: 2 });
}

async function unknownWord(word, stages, files) {
  const names = files.map((file) => basename(file).replace(/\.test\.(ts|mjs)$/, ''));
  const hint = await nearestWord(word, [...stages, ...names]);
  const known = stages.length > 0 ? `stages: ${stages.join(', ')}; other words are parts of names of test files` : '';
  const advice = hint === null ? known || 'words are parts of names of test files' : `did you mean ${hint}?`;
  return refusal(`no test has ${JSON.stringify(word)} in its name; ${advice}`);
}

/**
 * Sorts words into stages and parts of names. A word that is neither is refused, with a hint. From the first option on
 * (`-t name`) the words are vitest's own.
 * @param {readonly string[]} words
 * @param {readonly string[]} stages
 * @param {readonly string[]} files
 */
export async function sortWords(words, stages, files) {
  const end = words.findIndex((word) => word.startsWith('-'));
  const own = end === -1 ? words : words.slice(0, end);
  const chosen = own.filter((word) => stages.includes(word));
  const filters = own.filter((word) => !stages.includes(word));
  for (const filter of filters) {
    if (!files.some((file) => file.includes(filter))) throw await unknownWord(filter, stages, files);
  }
  return { chosen, filters: [...filters, ...words.slice(own.length)] };
}
