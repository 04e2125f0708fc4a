// What a person is told when a part of the installation is gone: a page that names it and says what to do.
import { readdirSync } from 'node:fs';
import { realpath, rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Consumer, tarball } from './support/consumer.js';
import { answerOf } from './support/process.js';
import { makeSlide, type TestSlide } from './support/slide.js';

const failScript = `
import { MicrotomeError, scoreSlide } from 'microtome';
try {
  await scoreSlide(process.argv[2], { model: 'demo' });
  process.send({ code: 'no error' });
} catch (error) {
  process.send({ known: error instanceof MicrotomeError, code: error.code, message: error.message });
}
`;

interface Failure {
  readonly known: boolean;
  readonly code: string;
  readonly message: string;
}

describe('a broken installation', () => {
  let slide: TestSlide;
  let consumer: Consumer;
  let script: string;

  beforeAll(async () => {
    slide = await makeSlide();
  });
  afterAll(() => slide.remove());
  beforeEach(async () => {
    consumer = await Consumer.create();
    await consumer.install(tarball());
    script = await consumer.write('fail.js', failScript);
  });
  afterEach(() => consumer.remove());

  const remove = (path: string): Promise<void> => rm(consumer.path('node_modules', path), { recursive: true });

  async function failure(): Promise<Failure> {
    const ended = await consumer.node([script, slide.path]);
    const answer = answerOf(ended) as Failure;
    expect(ended.stdout + ended.stderr).toBe('');
    return answer;
  }

  it('without the addon', async () => {
    await remove('microtome/prebuilds/linux-x64/microtome.glibc.node');
    const { known, code, message } = await failure();
    expect(known).toBe(true);
    expect(code).toBe('RUNTIME_MISSING');
    expect(message).toMatch(/looked in: .*prebuilds$/m);
    expect(message.split('\n')[0]).toContain('install the package again');
  });

  it('without ONNX Runtime: the first line says what to do, few lines follow', async () => {
    await remove('microtome/prebuilds/linux-x64/libonnxruntime.so.1');
    const { known, code, message } = await failure();
    expect(known).toBe(true);
    expect(code).toBe('RUNTIME_MISSING');
    const [first, ...rest] = message.split('\n');
    expect(first).toContain('ONNX Runtime');
    expect(first).toContain(
      `install the package again: remove ${await realpath(consumer.path('node_modules/microtome'))}`,
    );
    expect(rest[0]).toMatch(/looked in: .*libonnxruntime\.so\.1$/);
    expect(rest.length).toBeLessThanOrEqual(3);
    // What the first line says repairs it.
    await remove('microtome');
    await consumer.install(tarball());
    expect(await failure()).toEqual({ code: 'no error' });
  });

  it('without libturbojpeg', async () => {
    await remove('microtome/prebuilds/linux-x64/libturbojpeg.so.0');
    const { known, code, message } = await failure();
    expect(known).toBe(true);
    expect(code).toBe('RUNTIME_MISSING');
    expect(message).toContain('libturbojpeg');
  });

  it('without libvips, JPEG slides are still scored', async () => {
    expect(readdirSync(consumer.path('node_modules'))).toContain('microtome-libvips-linux-x64');
    await remove('microtome-libvips-linux-x64');
    expect(await failure()).toEqual({ code: 'no error' });
  });
});
