import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eachLine } from '../support/lines.js';
import { writeBundle } from '../api/support/bundle.js';
import { busyTimes } from '../support/busy.js';
import { writeSlide } from '../support/slides.js';

// The built program with the real addon, in processes of its own. `npm test` builds both before it comes here.
const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const addon = fileURLToPath(new URL('../../build/Release/microtome.node', import.meta.url));
const isBuilt = existsSync(program) && existsSync(addon);

const kSlides = 10;
const bundle = writeBundle();
let folder = '';
let format = '';
let whole = '';
let outputs = 0;

interface Run {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly stderr: () => string;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

function start(args: readonly string[], onLine: (count: number, child: ChildProcess) => void = () => {}): Run {
  const child = spawn(process.execPath, [program, ...args]);
  const lines: string[] = [];
  let stderr = '';
  eachLine(child.stdout, (line) => {
    lines.push(line);
    onLine(lines.length, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => {
    return { code: code as number | null, signal: signal as string | null };
  });
  return { child, lines, stderr: () => stderr, ended };
}

function scoreArgs(output: string, ...more: string[]): string[] {
  return [
    'score',
    join(folder, 'data'),
    '--model',
    bundle,
    '--slide-mpp',
    '0.25',
    '--format',
    format,
    '--out',
    output,
    '--json',
    ...more,
  ];
}

const newOutput = (): string => join(folder, `out${++outputs}.csv`);
const besides = async (output: string): Promise<string[]> => {
  const name = output.slice(folder.length + 1);
  return (await readdir(folder))
    .filter((one) => one.startsWith(name))
    .map((one) => one.slice(name.length))
    .sort();
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'microtome-cli-'));
  await mkdir(join(folder, 'data'));
  const first = join(folder, 'first.tif');
  await writeSlide(first, { width: 1024, height: 1024, seed: 3, tissueShare: 0.4 });
  const names = Array.from({ length: kSlides }, (_, i) => `slide${String((i * 7) % kSlides).padStart(2, '0')}.tif`);
  for (const name of names) await cp(first, join(folder, 'data', name));
  format = join(folder, 'submission_format.csv');
  await writeFile(format, `filename,relapse\n${names.map((name) => `${name},0.5\n`).join('')}`);
}, 120_000);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(!isBuilt)('the program', () => {
  it('scores a folder: exit 0, one line for each slide, the CSV in the order of the format', async () => {
    const output = newOutput();
    const run = start(scoreArgs(output));
    const { code } = await run.ended;
    expect(run.stderr()).toContain(`${kSlides}/${kSlides} slides`);
    expect(code).toBe(0);
    whole = await readFile(output, 'utf8');
    const names = (await readFile(format, 'utf8')).split('\n').map((line) => line.split(',')[0]);
    expect(whole.split('\n').map((line) => line.split(',')[0])).toEqual(names);
    expect(run.lines.map((line) => (JSON.parse(line) as { ok: boolean }).ok)).toEqual(Array(kSlides).fill(true));
    expect(await besides(output)).toEqual(['']);
  });

  it.each([1, 4, 9])('killed after %d lines: --resume gives the same bytes and repeats no line', async (count) => {
    const output = newOutput();
    const killed = start(scoreArgs(output), (lines, child) => void (lines === count && child.kill('SIGKILL')));
    expect((await killed.ended).signal).toBe('SIGKILL');
    const second = start(scoreArgs(output, '--resume'));
    expect((await second.ended).code).toBe(0);
    const path = (line: string): unknown => (JSON.parse(line) as { path: string }).path;
    const before = new Set(killed.lines.map(path));
    for (const line of second.lines) expect(before.has(path(line))).toBe(false);
    expect(await readFile(output, 'utf8')).toBe(whole);
    expect(await besides(output)).toEqual(['']);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s: exit 130 within two seconds, the journal stays, --resume completes it',
    async (signal) => {
      const output = newOutput();
      let sentMs = 0;
      const run = start(scoreArgs(output), (lines, child) => {
        if (lines !== 2) return;
        sentMs = performance.now();
        child.kill(signal);
      });
      expect((await run.ended).code).toBe(130);
      const endedMs = performance.now();
      expect(endedMs - sentMs).toBeLessThan(2000 * busyTimes());
      expect(run.stderr()).toContain('interrupted');
      expect(await besides(output)).toEqual(['.journal']);
      expect((await start(scoreArgs(output, '--resume')).ended).code).toBe(0);
      expect(await readFile(output, 'utf8')).toBe(whole);
    },
  );

  it('a reader that goes away does not stop a run with --out, and ends one without quietly', async () => {
    const output = newOutput();
    const run = start(scoreArgs(output), (lines, child) => void (lines === 1 && child.stdout?.destroy()));
    expect((await run.ended).code).toBe(0);
    expect(await readFile(output, 'utf8')).toBe(whole);
    const args = ['score', join(folder, 'data'), '--model', bundle, '--slide-mpp', '0.25', '--progress', 'none'];
    const quiet = start(args, (lines, child) => void (lines === 1 && child.stdout?.destroy()));
    expect((await quiet.ended).code).toBe(130);
    expect(quiet.stderr()).toBe('');
  });

  it('--deadline: time enough changes no byte; no time at all gives every row the fallback, and exit 3', async () => {
    const [enough, none] = [newOutput(), newOutput()];
    const run = start(scoreArgs(enough, '--deadline', '1h30m'));
    expect((await run.ended).code).toBe(0);
    expect(await readFile(enough, 'utf8')).toBe(whole);
    expect(run.stderr()).toContain('in time with all tiles');
    const late = start(scoreArgs(none, '--deadline', '0.001s'));
    expect((await late.ended).code).toBe(3);
    expect(late.stderr()).toContain(`${kSlides} not scored for lack of time`);
    const codes = late.lines.map((line) => (JSON.parse(line) as { error: { code: string } }).error.code);
    expect(codes).toEqual(Array(kSlides).fill('DEADLINE'));
    const rows = (await readFile(none, 'utf8')).trimEnd().split('\n').slice(1);
    // The fallback that the bundle declares.
    expect(rows.map((row) => row.split(',')[1])).toEqual(Array(kSlides).fill('0.160000000'));
    expect(await besides(none)).toEqual(['']);
  });

  it('info, region, model, doctor', async () => {
    const slide = join(folder, 'data', 'slide00.tif');
    const info = start(['info', slide, '--json']);
    expect((await info.ended).code).toBe(0);
    expect(JSON.parse(info.lines[0] ?? '')).toMatchObject({ width: 1024, height: 1024 });
    const png = join(folder, 'f.png');
    expect(
      (await start(['region', slide, '--width', '64', '--height', '32', '--level', '1', '--out', png]).ended).code,
    ).toBe(0);
    expect((await readFile(png)).readUInt32BE(16)).toBe(64);
    const model = start(['model', bundle, '--json']);
    expect((await model.ended).code).toBe(0);
    expect(JSON.parse(model.lines[0] ?? '')).toMatchObject({ name: 'test-model' });
    const doctor = start(['doctor', '--json']);
    expect((await doctor.ended).code).toBe(0);
    expect(JSON.parse(doctor.lines[0] ?? '')).toMatchObject({ works: true });
  });

  it('refusals: what is no slide 4, what is not there 4, what is no command 2, a wrong level 2', async () => {
    const bad = join(folder, 'bad.tif');
    await writeFile(bad, 'not a slide');
    const slide = join(folder, 'data', 'slide00.tif');
    const region = ['region', slide, '--width', '1', '--height', '1', '--level', '99', '--out', join(folder, 'no.raw')];
    const outside = [
      'region',
      slide,
      '--x',
      '999999',
      '--width',
      '1',
      '--height',
      '1',
      '--out',
      join(folder, 'no.raw'),
    ];
    for (const [args, code] of [
      [['info', bad], 4],
      [outside, 2],
      [['info', `${bad}.none`], 4],
      [['region', bad, '--width', '1', '--height', '1', '--out', join(folder, 'no.raw')], 4],
      [region, 2],
      [['evaluate'], 2],
      [[], 2],
    ] as const) {
      const run = start(args);
      expect((await run.ended).code, args.join(' ')).toBe(code);
      expect(run.stderr()).toMatch(/^microtome: [^\n]+\n$/);
    }
    expect(existsSync(join(folder, 'no.raw'))).toBe(false);
  });
});
