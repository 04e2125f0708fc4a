/** The built program where its output goes nowhere: one line on stderr, never a stack, and an exit code that says so. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeBundle } from '../api/support/bundle.js';
import { writeSlide } from '../support/slides.js';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const addon = fileURLToPath(new URL('../../build/Release/microtome.node', import.meta.url));
const full = '/dev/full';

let folder = '';
let slide = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'microtome-lost-'));
  slide = join(folder, 'slide.tif');
  await writeSlide(slide, { width: 600, height: 600, seed: 3, tissueShare: 0.4 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the program with one of its streams on a device that is always full. */
async function onFull(stream: 'stdout' | 'stderr', args: readonly string[]): Promise<{ code: unknown; other: string }> {
  const device = await open(full, 'w');
  const stdio =
    stream === 'stdout' ? (['ignore', device.fd, 'pipe'] as const) : (['ignore', 'pipe', device.fd] as const);
  const child = spawn(process.execPath, [program, ...args], { stdio: [...stdio] });
  let other = '';
  (child.stdout ?? child.stderr)?.setEncoding('utf8').on('data', (text: string) => {
    other += text;
  });
  const [code] = (await once(child, 'close')) as [unknown];
  await device.close();
  return { code, other };
}

const scored = (...more: string[]): string[] => [
  ...['score', slide, '--model', writeBundle(), '--slide-mpp', '0.25', '--progress', 'none'],
  ...more,
];

describe.skipIf(!existsSync(program) || !existsSync(addon) || !existsSync(full))('output that is lost', () => {
  it.each([
    ['--help', () => ['--help']],
    ['info', () => ['info', slide]],
    ['a table of scores', () => scored()],
  ])('%s on a full stdout: one line, exit 1', async (_, args) => {
    const { code, other } = await onFull('stdout', args());
    expect(other.split('\n').filter((line) => line.includes('stdout'))).toEqual([
      'microtome: cannot write to stdout (ENOSPC); check where it is redirected to',
    ]);
    expect(other).not.toMatch(/\n\s+at |node:internal/);
    expect(code).toBe(1);
  });

  it('a full stdout does not stop a run that writes a file, and is told', async () => {
    const out = join(folder, 'out.csv');
    const { code, other } = await onFull('stdout', scored('--out', out, '--json'));
    expect(other).toContain('cannot write to stdout (ENOSPC)');
    expect(code).toBe(1);
    expect(await readFile(out, 'utf8')).toContain('slide.tif,');
  });

  it('a full stderr stops nothing', async () => {
    const { code, other } = await onFull('stderr', scored('--json'));
    expect(code).toBe(0);
    expect(JSON.parse(other)).toMatchObject({ ok: true });
  });

  it('a reader that is gone before the first line: no stack', async () => {
    const child = spawn(process.execPath, [program, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const [code] = (await once(child, 'close')) as [unknown];
    expect(stderr).toBe('');
    expect([0, 130]).toContain(code);
  });
});
