import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eachLine } from '../support/lines.js';
import { compileLibrary } from './compiled-library.js';
import { competitionArea, type Area } from './support.js';

// A process is killed with SIGKILL in the midst of a run and started again with `resume`, over and over, until it ends.
const script = fileURLToPath(new URL('kill-child.mjs', import.meta.url));
let compiled = '';

beforeAll(async () => {
  compiled = await compileLibrary();
});
afterAll(async () => {
  await rm(compiled, { recursive: true, force: true });
});

interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
  readonly lines: string[];
  readonly errors: string[];
}

function start(
  area: Area,
  delayMs: number,
  onLine: (line: string, child: ChildProcess) => void = () => {},
  more: object = {},
): Child {
  const args = [script, compiled, area.slides, area.output, String(delayMs), JSON.stringify(more)];
  const child = spawn(process.execPath, args);
  const [lines, errors]: [string[], string[]] = [[], []];
  eachLine(child.stdout, (line) => {
    lines.push(line);
    onLine(line, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  return { process: child, ended: once(child, 'close'), lines, errors };
}

async function finish(area: Area): Promise<Child> {
  const child = start(area, 0);
  await child.ended;
  expect(child.errors.join('')).toBe('');
  expect(child.process.exitCode).toBe(0);
  return child;
}

async function uninterrupted(area: Area): Promise<string> {
  const output = join(area.folder, 'whole.csv');
  await finish({ ...area, output });
  const text = await readFile(output, 'utf8');
  await rm(output);
  return text;
}

const besides = async (area: Area): Promise<string[]> =>
  (await readdir(area.folder)).filter((name) => name !== 'data').sort();

describe('a run that is killed', () => {
  it.each([0, 1, 2, 4, 7, 8])(
    'after %d reported rows is completed to the same bytes; reported rows are not scored again',
    async (rows) => {
      const area = await competitionArea(8);
      const whole = await uninterrupted(area);
      let seen = 0;
      const killed = start(area, 15, (line, child) => {
        if (line.startsWith('{')) ++seen;
        if (seen >= rows) child.kill('SIGKILL');
      });
      await killed.ended;
      expect(killed.process.signalCode ?? killed.process.exitCode).toSatisfy((how) => how === 'SIGKILL' || how === 0);
      const reported = new Set(killed.lines.filter((line) => line.startsWith('{')));
      const second = await finish(area);
      for (const line of second.lines) expect(reported.has(line), line).toBe(false);
      expect(await readFile(area.output, 'utf8')).toBe(whole);
      expect(await besides(area)).toEqual(['submission.csv']);
    },
  );

  it('again and again at odd moments ends with the same bytes', async () => {
    const area = await competitionArea(12);
    const whole = await uninterrupted(area);
    for (const afterMs of [0, 3, 9, 17, 26, 38]) {
      const child = start(area, 6, (line, process) => {
        if (line === 'begun') setTimeout(() => process.kill('SIGKILL'), afterMs);
      });
      await child.ended;
    }
    await finish(area);
    expect(await readFile(area.output, 'utf8')).toBe(whole);
    expect(await besides(area)).toEqual(['submission.csv']);
  });

  it('leaves a complete table at every moment where the output is provisional', async () => {
    const area = await competitionArea(12);
    const whole = await uninterrupted(area);
    const scores = whole.split('\n');
    for (const rows of [1, 2, 1, 3, 1]) {
      let seen = 0;
      const kill = (line: string, process: ChildProcess): void => {
        if (line.startsWith('{') && ++seen === rows) process.kill('SIGKILL');
      };
      await start(area, 8, kill, { provisional: true }).ended;
      const lines = (await readFile(area.output, 'utf8')).split('\n');
      const isValid = (line: string, i: number): boolean =>
        line === scores[i] || line === scores[i]?.replace(/,.*/, ',0.500000000');
      expect(lines.filter((line, i) => !isValid(line, i))).toEqual([]);
      expect(lines.length).toBe(scores.length);
      if (lines.join('\n') !== whole) expect(await besides(area)).toContain('submission.csv.journal');
    }
    await finish(area);
    expect(await readFile(area.output, 'utf8')).toBe(whole);
    expect(await besides(area)).toEqual(['submission.csv']);
  });

  it('with a half-written output beside it, too', async () => {
    const area = await competitionArea(4);
    const whole = await uninterrupted(area);
    const child = start(area, 15, (line, process) => {
      if (line.startsWith('{')) process.kill('SIGKILL');
    });
    await child.ended;
    await writeFile(`${area.output}.tmp`, whole.slice(0, 20));
    await finish(area);
    expect(await readFile(area.output, 'utf8')).toBe(whole);
    expect(await besides(area)).toEqual(['submission.csv']);
  });
});
