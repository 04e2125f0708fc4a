/** The public types, as a caller's compiler sees them. Checked by tsc; the run only loads the module. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import * as api from '../../lib/index.js';
import type {
  Device,
  ErrorCode,
  Input,
  Model,
  Region,
  ScoreOptions,
  Scorer,
  Slide,
  SlideOutcome,
  SlidePlan,
  SlideResult,
  TileBatch,
} from '../../lib/index.js';

describe('the public functions', () => {
  it('have the documented forms', () => {
    expectTypeOf(api.scoreSlide).parameters.toEqualTypeOf<[input: Input, options: ScoreOptions]>();
    expectTypeOf(api.scoreSlide).returns.resolves.toEqualTypeOf<SlideResult>();
    expectTypeOf(api.planSlide).returns.resolves.toEqualTypeOf<SlidePlan>();
    expectTypeOf(api.createScorer).returns.resolves.toEqualTypeOf<Scorer>();
    expectTypeOf(api.openSlide).returns.resolves.toEqualTypeOf<Slide>();
    expectTypeOf(api.loadModel).returns.resolves.toEqualTypeOf<Model>();
    expectTypeOf(api.devices).returns.resolves.toEqualTypeOf<readonly Device[]>();
  });
  it('take strings, URLs and byte sources', () => {
    expectTypeOf<string>().toExtend<Input>();
    expectTypeOf<URL>().toExtend<Input>();
    expectTypeOf<{ size: number; read(): Promise<Uint8Array[]> }>().toExtend<Input>();
    expectTypeOf<number>().not.toExtend<Input>();
  });
  it('need a model, and nothing else', () => {
    expectTypeOf<{ model: string }>().toExtend<ScoreOptions>();
    expectTypeOf<{ model: Model }>().toExtend<ScoreOptions>();
    expectTypeOf<Record<never, never>>().not.toExtend<ScoreOptions>();
    // @ts-expect-error: a misspelt key is an error of the compiler too.
    const wrong: ScoreOptions = { model: 'demo', batchsize: 4 };
    expect(wrong).toBeDefined();
  });
});

describe('the public types', () => {
  it('let release be called on its batch only', () => {
    const whole = (batch: TileBatch) => batch.release();
    // @ts-expect-error: taken out of its batch, it would not know what to release.
    const apart = ({ release }: TileBatch) => release();
    expect([whole, apart]).toHaveLength(2);
  });
  it('of results are read-only', () => {
    expectTypeOf<SlideResult['score']>().toEqualTypeOf<number>();
    expectTypeOf<SlideResult['outputs']>().toEqualTypeOf<Readonly<Record<string, Float64Array>>>();
    // @ts-expect-error: results are read-only.
    const change = (r: SlideResult) => (r.score = 1);
    expect(change).toBeTypeOf('function');
  });
  it('of outcomes are told apart by ok', () => {
    const path = (o: SlideOutcome): string => (o.ok ? o.result.path : `${o.path} ${o.error.code} ${o.fallback ?? ''}`);
    expect(path).toBeTypeOf('function');
    expectTypeOf<ErrorCode>().toExtend<string>();
    expectTypeOf<'CORRUPT_TILE'>().toExtend<ErrorCode>();
  });
  it('of slides are disposable', () => {
    expectTypeOf<Slide>().toExtend<AsyncDisposable>();
    expectTypeOf<Scorer>().toExtend<AsyncDisposable>();
    expectTypeOf<Region['channels']>().toEqualTypeOf<3>();
    expectTypeOf<ReturnType<Slide['tiles']>>().toEqualTypeOf<AsyncIterable<TileBatch>>();
  });
});

it('importing the package loads no addon and no model code that runs', () => {
  const names = [
    'MicrotomeError',
    'createScorer',
    'devices',
    'fileSource',
    'loadModel',
    'openSlide',
    'planSlide',
    'scoreSlide',
  ];
  expect(Object.keys(api)).toEqual(expect.arrayContaining(names));
});

it('devices names the processor', async () => {
  const [cpu, ...others] = await api.devices();
  // A machine that runs this may have GPUs.
  expect(others.map(({ kind }) => kind)).not.toContain('cpu');
  expect(cpu).toMatchObject({ id: 'cpu', kind: 'cpu' });
  const scorer = await api.createScorer({ model: 'demo', device: 'cpu' });
  expect(cpu).toMatchObject({ cores: scorer.threads }); // before a slide, and so before any trial
  await scorer.close();
  expect(cpu?.memoryBytes).toBeGreaterThan(2 ** 20);
});
