/** Words that the types list are the words that the addon says, and a compiler knows them. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type {
  CodecReport,
  CompressionName,
  Device,
  DeviceId,
  DoctorReport,
  ElementType,
  PhotometricName,
  ReadPolicy,
  ReadPolicyName,
  Resolution,
  ResolutionSource,
  Scorer,
  ScoreOptions,
  Slide,
  SlideLevel,
  Stage,
  StageTiming,
  SummaryRow,
  ErrorCode,
  TensorBatch,
  TensorInfo,
  TensorsOptions,
} from '../../lib/index.js';

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The members of a union in lib/native/names.ts. */
function union(name: string): string[] {
  const body = new RegExp(`export type ${name} =([^;]*);`).exec(text('lib/native/names.ts'))?.[1] ?? '';
  return [...body.matchAll(/'([^']+)'/g)].map(([, word]) => word as string).sort();
}

/** What the switch of a C++ function returns, but for the answer to what cannot be. */
function returned(path: string, name: string): string[] {
  const body = new RegExp(`const char\\* ${name}\\([^{]*\\{([\\s\\S]*?)\\n\\}`).exec(text(path))?.[1] ?? '';
  const words = [...body.matchAll(/return "([^"]+)";/g)].map(([, word]) => word as string);
  return words.filter((word) => word !== 'unknown').sort();
}

describe('the words of the addon', () => {
  it('of compressions and of what samples mean', () => {
    expect(union('CompressionName')).toEqual(returned('native/slide/compression.cc', 'compression_name'));
    expect(union('PhotometricName')).toEqual(returned('native/slide/pixel_kind.cc', 'photometric_name'));
    expect(union('CompressionName').length).toBeGreaterThan(6);
  });
  it('of codecs: those of compressions, JPEG 2000 once, and none for what a driver renders', () => {
    const plain = union('CompressionName').filter((name) => name !== 'rendered' && !name.startsWith('jpeg2000-'));
    expect(union('CodecName')).toEqual(plain);
  });
  it('of policies', () => {
    const said = [...text('native/tiles/read_policy.cc').matchAll(/policy\.name = "([^"]+)"/g)].map(([, word]) => word);
    expect(union('ReadPolicyName')).toEqual([...new Set(said)].sort());
  });
  it('of sources of a resolution', () => {
    const dialects = readdirSync(new URL('../../native/slide/dialects', import.meta.url)).filter((name) =>
      name.endsWith('.cc'),
    );
    const files = [
      'native/slide/resolution.cc',
      'native/openslide/slide_facts.cc',
      ...dialects.map((name) => `native/slide/dialects/${name}`),
    ];
    const said = files.flatMap((path) => [...text(path).matchAll(/stated_mpp\([^;]*"([a-z]+)"\);/g)]);
    expect(union('ResolutionSource')).toEqual([...new Set(['option', ...said.map(([, word]) => word)])].sort());
    expect(said.length).toBeGreaterThan(5);
  });
  it('of element types, as ONNX numbers them', () => {
    const source = /kTypeNames\[\] = \{([^}]*)\}/.exec(text('native/infer/graph_info.cc'))?.[1] ?? '';
    expect(union('ElementType')).toEqual([...source.matchAll(/"([^"]+)"/g)].map(([, word]) => word).sort());
  });
});

describe('the types', () => {
  it('are unions where there is a list', () => {
    expectTypeOf<SlideLevel['compression']>().toEqualTypeOf<CompressionName>();
    expectTypeOf<SlideLevel['photometric']>().toEqualTypeOf<PhotometricName>();
    expectTypeOf<Resolution['source']>().toEqualTypeOf<ResolutionSource>();
    expectTypeOf<ReadPolicy['policy']>().toEqualTypeOf<ReadPolicyName>();
    expectTypeOf<StageTiming['stage']>().toEqualTypeOf<Stage>();
    expectTypeOf<SummaryRow['error']>().toEqualTypeOf<ErrorCode | null>();
    expectTypeOf<TensorInfo['type']>().toEqualTypeOf<ElementType>();
    expectTypeOf<Device['id']>().toEqualTypeOf<'cpu' | `cuda:${number}` | `tensorrt:${number}`>();
    expectTypeOf<Scorer['device']>().toEqualTypeOf<DeviceId>();
    expectTypeOf<CodecReport['name']>().toExtend<string>();
    expectTypeOf<string>().not.toExtend<CodecReport['name']>();
    expectTypeOf<string>().not.toExtend<ElementType>();
    expectTypeOf<NonNullable<DoctorReport['libraries']>['codecs']>().toEqualTypeOf<readonly CodecReport[]>();
  });
  it('of the device', () => {
    const good: ScoreOptions[] = [
      { model: 'demo', device: 'cuda:1' },
      { model: 'demo', device: 'auto' },
    ];
    // @ts-expect-error: no such device.
    const bad: ScoreOptions = { model: 'demo', device: 'gpu' };
    expect([good.length, bad.device]).toEqual([2, 'gpu']);
  });
  it('of tensors follow the option type', () => {
    const use = (slide: Slide, any: TensorsOptions) => ({
      standard: slide.tensors({ level: 0, size: 8 }),
      float16: slide.tensors({ level: 0, size: 8, type: 'float16' }),
      uint8: slide.tensors({ level: 0, size: 8, type: 'uint8' }),
      float32: slide.tensors({ level: 0, size: 8, type: 'float32', layout: 'NHWC' }),
      any: slide.tensors(any),
    });
    type Streams = ReturnType<typeof use>;
    expectTypeOf<Streams['standard']>().toEqualTypeOf<AsyncIterable<TensorBatch<'float32'>>>();
    expectTypeOf<Streams['float16']>().toEqualTypeOf<AsyncIterable<TensorBatch<'float16'>>>();
    expectTypeOf<Streams['uint8']>().toEqualTypeOf<AsyncIterable<TensorBatch<'uint8'>>>();
    expectTypeOf<Streams['float32']>().toEqualTypeOf<AsyncIterable<TensorBatch<'float32'>>>();
    expectTypeOf<TensorBatch<'float32'>['data']>().toEqualTypeOf<Float32Array>();
    expectTypeOf<TensorBatch<'float16'>['data']>().toEqualTypeOf<Uint16Array>();
    expectTypeOf<TensorBatch<'uint8'>['data']>().toEqualTypeOf<Uint8Array>();
    expectTypeOf<TensorBatch['data']>().toEqualTypeOf<Float32Array | Uint16Array | Uint8Array>();
    expectTypeOf<Streams['any']>().toExtend<AsyncIterable<TensorBatch>>();
    // @ts-expect-error: no such type.
    const wrong = (slide: Slide) => slide.tensors({ level: 0, size: 8, type: 'int8' });
    expect([use, wrong].every((each) => typeof each === 'function')).toBe(true);
  });
});
