// A consumer in TypeScript, compiled as strictly as can be against the packed declarations.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Consumer, tarball } from './support/consumer.js';
import { run } from './support/process.js';

const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const nodeTypes = fileURLToPath(new URL('../../node_modules/@types', import.meta.url));

const goodSource = `
import { createScorer, loadModel, MicrotomeError, openSlide, planSlide, scoreDirectory, scoreSlide } from 'microtome';
import type { ScoreOptions, Slide, SlideOutcome, SlideResult } from 'microtome';
import { packSubmission, type PackResult } from 'microtome/competition';

const options: ScoreOptions = { model: 'demo', clinical: { age: 33, sex: null, body_site: 'trunk' } };
export async function use(path: string, signal: AbortSignal): Promise<number> {
  const result: SlideResult = await scoreSlide(path, { ...options, signal });
  const values: Float64Array | undefined = result.outputs['relapse'];
  await using scorer = await createScorer({ model: 'demo' });
  const slide: Slide = await openSlide(new URL('file:///slide.tif'));
  const region = await slide.readRegion({ level: 0, x: 0, y: 0, width: 8, height: 8, onBadTile: 'fill' });
  for await (const outcome of scoreDirectory('.', { model: 'demo' })) take(outcome);
  await planSlide(path, options);
  await loadModel('demo');
  return result.score + (values?.length ?? 0) + region.data.length + (scorer === undefined ? 1 : 0);
}
export async function pack(output: string): Promise<number> {
  const { bytes }: PackResult = await packSubmission({ model: 'demo', output, overwrite: true });
  return bytes;
}
function take(outcome: SlideOutcome): string {
  return outcome.ok ? String(outcome.result.score) : outcome.error.code;
}
export const isOurs = (error: unknown): boolean => error instanceof MicrotomeError && error.code === 'NO_TISSUE';
`;

/** Each line is wrong in its own way and must be refused. */
const badLines = [
  "scoreSlide('a.tif', {});",
  "scoreSlide('a.tif', { model: 'demo', modle: 'x' });",
  "scoreSlide(3, { model: 'demo' });",
  "new MicrotomeError('NO_SUCH_CODE', 'slide', 'x');",
  "scoreSlide('a.tif', { model: 'demo', device: 'gpu' });",
];

describe('declarations', () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.create();
    execFileSync('mkdir', ['-p', consumer.path('node_modules/microtome')]);
    execFileSync('tar', ['-xzf', tarball(), '-C', consumer.path('node_modules/microtome'), '--strip-components=1']);
  });
  afterAll(() => consumer.remove());

  async function compile(source: string): Promise<{ code: number | null; stdout: string }> {
    await consumer.write('use.ts', source);
    const config = {
      compilerOptions: {
        module: 'nodenext',
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable'],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
        types: ['node'],
        typeRoots: [nodeTypes],
      },
      files: ['use.ts'],
    };
    await consumer.write('tsconfig.json', JSON.stringify(config));
    return run(process.execPath, [tsc, '-p', consumer.dir], { cwd: consumer.dir });
  }

  it('fit a strict consumer', async () => {
    const { code, stdout } = await compile(goodSource);
    expect(stdout).toBe('');
    expect(code).toBe(0);
  });

  it.each(badLines)('refuse %s', async (line) => {
    const { code, stdout } = await compile(
      `import { MicrotomeError, scoreSlide } from 'microtome';\n${line}\nvoid [MicrotomeError, scoreSlide];\n`,
    );
    expect(code).not.toBe(0);
    expect(stdout).toMatch(/use\.ts\(2,/);
  });
});
