// Counts of passed, failed and skipped tests, read from what ctest and vitest report, and the closing line.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export const noTests = Object.freeze({ passed: 0, failed: 0, skipped: 0 });
export const oneFailure = Object.freeze({ passed: 0, failed: 1, skipped: 0 });

export const add = (a, b) => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

export function closingLine({ passed, failed, skipped }) {
  const tail = skipped > 0 ? `, ${skipped} skipped` : '';
  return `${passed} passed, ${failed} failed${tail}`;
}

const linesWith = (text, pattern) => (text.match(pattern) ?? []).length;

/** The cases of one executable: its own lines say `ok`, `FAIL` and `skipped: name`; a crash is one failure more. */
function countCases({ status, output }) {
  const skipped = linesWith(output, /^skipped: /gm);
  const passed = Math.max(0, linesWith(output, /^ok {2}/gm) - skipped);
  const failed = linesWith(output, /^FAIL /gm);
  return {
    passed,
    failed: status === 'run' || failed > 0 ? failed : 1,
    skipped,
  };
}

function executables(xml) {
  const found = [...xml.matchAll(/<testcase name="([^"]*)"[^>]*status="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g)];
  return found.map(([, name, status, body]) => {
    const output = body.match(/<system-out>([\s\S]*?)<\/system-out>/)?.[1] ?? '';
    return { name, status, output };
  });
}

/** Every TEST of every executable. */
export async function countCtestCases(junitFile) {
  return executables(await readFile(junitFile, 'utf8'))
    .map(countCases)
    .reduce(add, noTests);
}

/** One per executable: for a second, instrumented run of the same cases. */
export async function countCtestExecutables(junitFile) {
  const results = executables(await readFile(junitFile, 'utf8'));
  const passed = results.filter(({ status }) => status === 'run').length;
  return { passed, failed: results.length - passed, skipped: 0 };
}

/** A file that could not even be loaded has no tests, and counts as one failure. */
export async function countVitest(jsonFile) {
  if (!existsSync(jsonFile)) return oneFailure;
  const report = JSON.parse(await readFile(jsonFile, 'utf8'));
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  const counts = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
  return report.success || counts.failed > 0 ? counts : add(counts, oneFailure);
}

/** What Python's unittest says at its end. A program that ended badly without a failed test counts as one failure. */
export function countUnittest({ code, output }) {
  const ran = Number(output.match(/^Ran (\d+) tests? in /m)?.[1] ?? 0);
  const of = (word) => Number(output.match(new RegExp(`^(?:OK|FAILED) \\(.*?\\b${word}=(\\d+)`, 'm'))?.[1] ?? 0);
  const [failed, skipped] = [of('failures') + of('errors') + of('unexpected successes'), of('skipped')];
  const counts = { passed: Math.max(0, ran - failed - skipped), failed, skipped };
  return code === 0 || failed > 0 ? counts : add(counts, oneFailure);
}
