// Line coverage of C++ files, from what gcov says of a build with --coverage.
import { readdir, rm } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { outputOf } from './run.mjs';

/** Files of a folder with its subfolders that have an ending. */
export async function filesBelow(folder, ending) {
  const entries = await readdir(folder, { recursive: true });
  return entries.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

/** So that a second run does not add to the counts of the first. */
export async function forgetCounts(folder) {
  for (const file of await filesBelow(folder, '.gcda')) await rm(file);
}

/**
 * Adds what one report of gcov says: `counts` is by file, then by line. A line counts once, however many objects have it: a header
 * is in all that include it, and is run where one of them runs it.
 */
export function addReport(counts, report, root, isWanted) {
  for (const { file, lines } of report.files) {
    const name = relative(root, resolve(report.current_working_directory ?? root, file));
    if (!isWanted(name)) continue;
    const of = counts.get(name) ?? counts.set(name, new Map()).get(name);
    for (const { line_number: line, count } of lines) of.set(line, (of.get(line) ?? 0) + count);
  }
}

/** Of each file: lines with code, and those of them that were run; `missed`: the others. */
export function coverageOf(counts) {
  return [...counts]
    .map(([name, lines]) => {
      const missed = [...lines].filter(([, count]) => count === 0).map(([line]) => line);
      return { name, lines: lines.size, run: lines.size - missed.length, missed: missed.sort((a, b) => a - b) };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** `isWanted` chooses files by their path from `root`. Throws where gcov cannot be run. */
export async function readCoverage(build, root, isWanted) {
  const counts = new Map();
  for (const data of await filesBelow(build, '.gcda')) {
    const output = await outputOf('gcov', ['--json-format', '--stdout', data]);
    if (output === null) throw new Error(`gcov does not read ${data}: it must be of the compiler of the build`);
    for (const line of output.split('\n').filter((text) => text.startsWith('{')))
      addReport(counts, JSON.parse(line), root, isWanted);
  }
  return coverageOf(counts);
}
