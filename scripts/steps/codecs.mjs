// The codecs that are compiled into the packed binary: all of them, unless one is left out by name.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HelpPage } from './run.mjs';

/** As `microtome doctor` calls them, in the order of cmake/Codecs.cmake. */
export const codecNames = ['deflate', 'zstd', 'webp', 'jpeg2000'];

/** The values of --without, each one name or several with commas between them. Throws on a name that is no codec. */
export function leftOut(values) {
  const names = values.flatMap((value) => value.split(',')).map((name) => name.trim());
  const unknown = names.find((name) => !codecNames.includes(name));
  if (unknown !== undefined)
    throw new HelpPage(`--without ${unknown}: no such codec; the codecs are ${codecNames.join(', ')}`);
  return [...new Set(names)];
}

/** CMake definitions: each codec is required, or off. */
export function codecDefinitions(without) {
  return Object.fromEntries(
    codecNames.map((name) => [`MICROTOME_${name.toUpperCase()}`, without.includes(name) ? 'OFF' : 'ON']),
  );
}

const missingFile = (buildFolder) => join(buildFolder, 'missing-codecs.txt');

/** To be called before a build, so that the list of an earlier one is not taken for its own. */
export const forgetMissingCodecs = (buildFolder) => rm(missingFile(buildFolder), { force: true });

/** The help page for required codecs that a build did not find; null where none is missing. */
export async function missingCodecsPage(buildFolder) {
  const text = await readFile(missingFile(buildFolder), 'utf8').catch(() => '');
  const rows = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('|'));
  if (rows.length === 0) return null;
  const names = rows.map(([name]) => name.toLowerCase());
  const packages = [...new Set(rows.flatMap((row) => row[1].split(' ')))];
  return new HelpPage(
    [
      'The packed binary has every codec inside, and these cannot be compiled in here:',
      ...rows.map((row) => `  ${row[0].toLowerCase()}: ${row[2].split(' ').join(', ')} not found`),
      `Install them: apt-get install ${packages.join(' ')}`,
      `Or leave them out, as \`microtome doctor\` will then say: npm run prebuilds -- --without ${names.join(',')}`,
      'Nothing was packed.',
    ].join('\n'),
  );
}
