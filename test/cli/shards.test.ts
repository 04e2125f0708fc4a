/** Which shard the command line runs, what it says of it, and how it ends. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  MicrotomeError,
  type DirectoryRun,
  type ErrorCode,
  type MergeSummary,
  type ShardOptions,
} from '../../lib/index.js';
import { shardExitCodeOf } from '../../lib/cli/shard-exit-code.js';
import { startRun } from '../../lib/runs/directory-run.js';
import { competitionArea, fakeScorer, systemError, temporaryFolder } from '../runs/support.js';
import { cli } from './support.js';

interface Asked {
  readonly code: number;
  readonly stderr: string;
  readonly options: ShardOptions | undefined;
}

/** What the library is asked for; the run itself is a whole one. */
async function ask(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Asked> {
  const { slides, folder } = await competitionArea(2);
  let options: ShardOptions | undefined;
  const scoreShard = (paths: readonly (string | URL)[], given: ShardOptions) => {
    options = given;
    const { shard: _, output: __, ...rest } = given;
    return startRun({ kind: 'files', paths }, rest, { createScorer: async () => fakeScorer() });
  };
  const out = ['--out', join(folder, 'parts')];
  const { code, stderr } = await cli(['score', slides, '--model', 'fake', ...out, ...args], {
    env,
    library: { scoreShard },
  });
  return { code, stderr, options };
}

const auto = ['--shard-index', 'auto', '--shard-count', '8'];

describe('the shard', () => {
  it('is that of the flags, and is told', async () => {
    const { code, options, stderr } = await ask(['--shard-index', '3', '--shard-count', '8']);
    expect(code).toBe(0);
    expect(options?.shard).toEqual({ index: 3, count: 8 });
    expect(stderr).toMatch(/^shard 3 of 8, into .*parts$/m);
  });

  it.each([
    ['Kubernetes', { JOB_COMPLETION_INDEX: '5' }, 5, 'JOB_COMPLETION_INDEX is 5'],
    ['AWS Batch', { AWS_BATCH_JOB_ARRAY_INDEX: '7' }, 7, 'AWS_BATCH_JOB_ARRAY_INDEX is 7'],
    [
      'our own variable, as for Argo',
      { MICROTOME_SHARD_INDEX: '2', JOB_COMPLETION_INDEX: '5' },
      2,
      'MICROTOME_SHARD_INDEX is 2',
    ],
    ['Slurm', slurm(4, 0, 1, 8), 4, 'SLURM_ARRAY_TASK_ID is 4'],
    ['Slurm, from 1', slurm(4, 1, 1, 8), 3, 'SLURM_ARRAY_TASK_ID is 4, the first task of the array is 1'],
    ['Slurm, in steps', slurm(14, 10, 2, 8), 2, 'SLURM_ARRAY_TASK_ID is 14, the first task of the array is 10'],
    ['two tasks of a Slurm array, sent again', slurm(5, 3, 1, 2), 5, 'SLURM_ARRAY_TASK_ID is 5'],
  ])('is told by %s', async (_, env, index, text) => {
    const { options, stderr } = await ask(auto, env);
    expect(options?.shard).toEqual({ index, count: 8 });
    expect(stderr).toContain(`shard ${index} of 8 (${text})`);
  });

  it('has the count of Slurm, or of our own variable', async () => {
    const both = ['--shard-index', 'auto', '--shard-count', 'auto'];
    expect((await ask(both, slurm(4, 1, 1, 6))).options?.shard).toEqual({ index: 3, count: 6 });
    const sentAgain = await ask(both, { ...slurm(5, 3, 1, 2), MICROTOME_SHARD_COUNT: '8' });
    expect(sentAgain.options?.shard).toEqual({ index: 5, count: 8 });
    const { code, stderr } = await ask(both, { JOB_COMPLETION_INDEX: '1' });
    expect(code).toBe(2);
    expect(stderr).toContain('Kubernetes and AWS Batch tell no count: pass the number');
  });

  it.each([
    ['none', {}, '--shard-index is auto, and none of MICROTOME_SHARD_INDEX, JOB_COMPLETION_INDEX,'],
    ['no number', { JOB_COMPLETION_INDEX: '1e3' }, 'JOB_COMPLETION_INDEX is "1e3", expected a whole number'],
    [
      'one too high',
      { JOB_COMPLETION_INDEX: '8' },
      'the shard index is 8 (JOB_COMPLETION_INDEX is 8) and the shard count 8',
    ],
    ['two of them', { JOB_COMPLETION_INDEX: '1', AWS_BATCH_JOB_ARRAY_INDEX: '1' }, 'two engines tell a shard index'],
    ['one between steps', slurm(13, 10, 2, 8), 'number the tasks evenly, from 0'],
  ])('is refused where the environment tells %s', async (_, env, text) => {
    const { code, stderr, options } = await ask(auto, env);
    expect(code).toBe(2);
    expect(stderr).toContain(text);
    expect(options).toBeUndefined();
  });

  it('is refused without its count, its index, or --out', async () => {
    expect((await ask(['--shard-index', '3'])).stderr).toContain('--shard-index was given without --shard-count');
    expect((await ask(['--shard-count', '3'])).stderr).toContain('--shard-count was given without --shard-index');
    expect((await ask(['--shard-index', '-1', '--shard-count', '3'])).stderr).toContain(
      'expected a whole number from 0',
    );
    const place = await temporaryFolder();
    const { code, stderr } = await cli(['score', place, '--model', 'm', '--shard-index', '0', '--shard-count', '2']);
    expect(code).toBe(2);
    expect(stderr).toContain('--shard-index needs --out, the folder of the parts');
  });
});

function slurm(id: number, min: number, step: number, count: number): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries({ ID: id, MIN: min, STEP: step, COUNT: count }).map(([name, value]) => [
      `SLURM_ARRAY_TASK_${name}`,
      `${value}`,
    ]),
  );
}

describe('the exit code of a shard', () => {
  const error = (code: ErrorCode, cause?: unknown) => new MicrotomeError(code, 'csv', 'found', { cause });

  it.each([
    [2, error('INVALID_OPTION'), false],
    [2, error('SHARD_CONFLICT'), false],
    [2, error('MODEL_MISMATCH'), false],
    [4, error('CSV_INVALID'), false],
    [4, error('FILE_UNREADABLE', systemError('EACCES')), false],
    [5, error('NOT_A_SLIDE'), true],
    [5, error('NO_TISSUE'), true],
    [5, error('RESUME_REFUSED'), false],
    [5, error('OUTPUT_EXISTS'), false],
    [75, error('OUTPUT_LOCKED'), false],
    [75, error('DISK_FULL'), false],
    [75, error('DEVICE_LOST'), true],
    [75, error('DEVICE_UNAVAILABLE'), false],
    [75, error('FILE_UNREADABLE', systemError('ESTALE')), true],
    [75, error('DEADLINE'), true],
    [1, error('INTERNAL'), false],
    [1, new Error('a bug'), false],
  ])('is %d', (code, thrown, isOfRow) => {
    expect(shardExitCodeOf(thrown, isOfRow)).toBe(code);
  });

  it('is 0 where rows of the part hold the fallback value: the merge tells them', async () => {
    const { slides, folder } = await competitionArea(2);
    const [failing = ''] = (await readdir(slides)).filter((name) => name.endsWith('.tif'));
    const scoreShard = (paths: readonly (string | URL)[], { shard: _, ...rest }: ShardOptions): DirectoryRun => {
      const createScorer = async () => fakeScorer({ failing: { [failing]: 'NO_TISSUE' } });
      return startRun({ kind: 'files', paths }, { ...rest, output: join(folder, 'o.csv') }, { createScorer });
    };
    const args = ['score', slides, '--model', 'm', '--out', folder, '--shard-index', '0', '--shard-count', '2'];
    expect((await cli([...args, '--fallback', '0.5'], { library: { scoreShard } })).code).toBe(0);
    const failed = await cli([...args, '--on-error', 'error', '--overwrite'], { library: { scoreShard } });
    expect(failed.stderr).toContain('NO_TISSUE');
    expect(failed.code).toBe(5);
  });
});

describe('microtome merge', () => {
  const counts = { scored: 5, resumed: 0, fallback: 0, missing: 0, skipped: 0, failed: 0 };
  const plain: MergeSummary = {
    ...{ output: 'out.csv', alreadyComplete: false, kind: 'slides', rows: 5, shards: 2, counts, failures: {} },
    ...{ clipped: 0, sampled: 0, model: { name: 'm', sha256: 'a'.repeat(64) }, machines: [], repaired: [] },
  };
  const run = (change: Partial<MergeSummary> = {}, more: readonly string[] = []) =>
    cli(['merge', 'parts', '--out', 'out.csv', ...more], {
      library: { mergeShards: async () => ({ ...plain, ...change }) },
    });

  it('ends with 0 and one line', async () => {
    expect(await run()).toMatchObject({ code: 0, stdout: '', stderr: 'out.csv: 5 rows of 2 parts\n' });
    expect((await run({ alreadyComplete: true })).stderr).toBe(
      'out.csv: complete already, with the bytes of these 2 parts\n',
    );
  });

  it('ends with 3 where rows have no score of their own, and says which and why', async () => {
    const failures = { NO_TISSUE: { count: 2, examples: ['a\n.tif', 'b.tif'] } };
    const { code, stderr } = await run({
      counts: { ...counts, scored: 3, fallback: 2 },
      failures,
      sampled: 1,
      clipped: 1,
    });
    expect(code).toBe(3);
    expect(stderr).toBe(
      'failed: NO_TISSUE: 2 rows, such as a\\u000a.tif, b.tif\nout.csv: 5 rows of 2 parts, 2 with the fallback value, 1 short of time, 1 held to the declared range\n',
    );
    expect((await run({ counts: { ...counts, scored: 4, skipped: 1 } })).stderr).toContain(
      '4 rows of 2 parts, 1 left out',
    );
  });

  it('warns where shards ran on machines of different kinds', async () => {
    const machine = (simd: string, shards: readonly number[]) => ({
      machine: { 'the SIMD level': simd, libvips: 'x' },
      shards,
    });
    const { code, stderr } = await run({ machines: [machine('AVX2', [0]), machine('AVX-512', [1])] });
    expect(code).toBe(0);
    expect(stderr).toContain('warning: the shards ran on 2 kinds of machine (the SIMD level: AVX2, AVX-512); scores');
  });

  it('prints JSON, and needs its folder and --out', async () => {
    expect(JSON.parse((await run({}, ['--json'])).stdout)).toEqual(plain);
    expect((await cli(['merge', 'parts'])).stderr).toContain('--out is missing');
    expect((await cli(['merge', '--out', 'o.csv'])).code).toBe(2);
  });
});
