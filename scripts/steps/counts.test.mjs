import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { add, closingLine, countCtestCases, countCtestExecutables, countUnittest, countVitest } from './counts.mjs';
import { firstStalePackage } from './install.mjs';

let dir;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'microtome-counts-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function file(text) {
  const path = join(dir, 'report');
  await writeFile(path, text);
  return path;
}

const junit = (...cases) =>
  `<testsuite>${cases
    .map(
      ([status, out]) =>
        `<testcase name="t" classname="t" time="1" status="${status}"><system-out>${out}</system-out></testcase>`,
    )
    .join('\n')}</testsuite>`;

describe('counts', () => {
  it('counts the cases of native tests', async () => {
    const report = await file(
      junit(['run', 'ok   a\nok   b\nskipped: b\n'], ['fail', 'ok   c\nx.cc:3: CHECK failed\nFAIL d\n']),
    );
    expect(await countCtestCases(report)).toEqual({ passed: 2, failed: 1, skipped: 1 });
    expect(await countCtestExecutables(report)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it('counts a crash without a failed case as a failure', async () => {
    const report = await file(junit(['fail', 'ok   a\n']));
    expect(await countCtestCases(report)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it('counts a file that vitest could not load', async () => {
    const results = [
      { status: 'failed', assertionResults: [] },
      { status: 'passed', assertionResults: [{}] },
    ];
    const report = {
      success: false,
      numPassedTests: 4,
      numFailedTests: 0,
      numPendingTests: 1,
      numTodoTests: 0,
      testResults: results,
    };
    expect(await countVitest(await file(JSON.stringify(report)))).toEqual({ passed: 4, failed: 1, skipped: 1 });
  });

  it('counts a run that left no report as a failure', async () => {
    expect(await countVitest(join(dir, 'nothing'))).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('writes the closing line', () => {
    expect(closingLine(add({ passed: 2, failed: 0, skipped: 0 }, { passed: 1, failed: 1, skipped: 0 }))).toBe(
      '3 passed, 1 failed',
    );
    expect(closingLine({ passed: 2, failed: 0, skipped: 3 })).toBe('2 passed, 0 failed, 3 skipped');
  });
});

describe('what is installed', () => {
  const host = { os: 'linux', cpu: 'x64', libc: 'glibc' };
  const wanted = {
    '': { optionalDependencies: { runtime: '1.0.0' } },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/runtime': { version: '1.0.0', optional: true },
    'node_modules/b-linux': { version: '1.0.0', optional: true, os: ['linux'], cpu: ['x64'] },
    'node_modules/b-darwin': { version: '1.0.0', optional: true, os: ['darwin'], cpu: ['x64'] },
    'node_modules/c-extra': { version: '1.0.0', optional: true },
  };
  const installed = {
    'node_modules/a': { version: '1.0.0' },
    'node_modules/runtime': { version: '1.0.0' },
    'node_modules/b-linux': { version: '1.0.0' },
  };

  it('is complete without what other platforms need', () => {
    expect(firstStalePackage(wanted, installed, host)).toBe(null);
  });

  it.each(['node_modules/a', 'node_modules/runtime', 'node_modules/b-linux'])('is stale without %s', (path) => {
    const { [path]: _, ...rest } = installed;
    expect(firstStalePackage(wanted, rest, host)).toBe(path);
  });

  it('is stale with another version', () => {
    expect(firstStalePackage(wanted, { ...installed, 'node_modules/a': { version: '1.0.1' } }, host)).toBe(
      'node_modules/a',
    );
  });

  it('counts the tests of a Python program', () => {
    const ended = (code, last) => countUnittest({ code, output: `...\nRan 12 tests in 3.2s\n\n${last}\n` });
    expect(ended(0, 'OK')).toEqual({ passed: 12, failed: 0, skipped: 0 });
    expect(ended(0, 'OK (skipped=2)')).toEqual({ passed: 10, failed: 0, skipped: 2 });
    expect(ended(1, 'FAILED (failures=1, errors=2, skipped=3)')).toEqual({ passed: 6, failed: 3, skipped: 3 });
    // Killed before its last line.
    expect(countUnittest({ code: 128, output: 'test_a ... ok' })).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});
