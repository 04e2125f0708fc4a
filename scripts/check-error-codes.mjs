// The error table stands in three places: native/core/error_codes.def, lib/core/error-codes.ts, docs/errors.md. They must agree,
// code for code and advice for advice, in the same order, and every code is raised somewhere. That each can be reached is
// shown by test/faults/error-codes.test.ts.
import { Report } from './checks/report.mjs';
import { readText, treeFiles } from './checks/sources.mjs';

const nativeTable = 'native/core/error_codes.def';
const libraryTable = 'lib/core/error-codes.ts';
const docsTable = 'docs/errors.md';

const unquote = (text) => text.replace(/\\(['"\\])/g, '$1');

function readNative() {
  const rows = readText(nativeTable).matchAll(/^MICROTOME_CODE\((\w+), "((?:\\.|[^"\\])*)"\)/gm);
  return [...rows].map(([, code, advice]) => ({
    code,
    advice: unquote(advice),
  }));
}

function readLibrary() {
  const body = readText(libraryTable).match(/errorAdvice = \{([\s\S]*?)\n\} as const/)?.[1] ?? '';
  const rows = body.matchAll(/^\s*(\w+):\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"),?$/gm);
  return [...rows].map(([, code, single, double]) => ({
    code,
    advice: unquote(single ?? double),
  }));
}

function readDocs() {
  const rows = readText(docsTable).matchAll(/^\| `([A-Z_]+)` \| ([^|]*) \| ([^|]*) \|$/gm);
  return [...rows].map(([, code, , advice]) => ({ code, advice: advice.trim() }));
}

/** The documentation says options as the API does: `onBadTile: 'fill'` for [[onBadTile=fill]]. */
function withoutMarks(advice) {
  return advice.replace(/\[\[([\w.]+)(?:=([^\]]*))?\]\]/g, (_, option, value) => {
    if (value === undefined) return option;
    return `${option}: ${value === 'true' || value === 'false' ? value : `'${value}'`}`;
  });
}

function compare(name, table, reference, report) {
  if (table.length === 0) report.error(name, 'no error table was found in it');
  for (let row = 0; row < Math.max(table.length, reference.length); row++) {
    const [have, want] = [table[row], reference[row]];
    if (have?.code !== want?.code) {
      report.error(
        name,
        `row ${row + 1} is ${have?.code ?? 'missing'}, ${nativeTable} has ${want?.code ?? 'no such row'}`,
      );
      return;
    }
    if (have.advice !== want.advice)
      report.error(name, `${have.code}: "${have.advice}", ${nativeTable} says "${want.advice}"`);
  }
}

const report = new Report();
const codes = readNative();
compare(libraryTable, readLibrary(), codes, report);
compare(
  docsTable,
  readDocs(),
  codes.map((row) => ({ ...row, advice: withoutMarks(row.advice) })),
  report,
);

const isSource = (path) =>
  /^(?:native|lib)\/.*\.(?:cc|h|ts)$/.test(path) && !path.startsWith('native/test/') && path !== libraryTable;
const sources = `${treeFiles().filter(isSource).map(readText).join('\n')}\n${readText(libraryTable).split('as const')[1] ?? ''}`;
for (const { code } of codes) {
  const raised = new RegExp(`Code::${code}\\b|['"]${code}['"]`).test(sources);
  if (!raised) report.error(code, 'is raised nowhere: remove it');
}
report.finish('error codes', `${codes.length} codes`);
