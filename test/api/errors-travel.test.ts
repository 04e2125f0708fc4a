/** Errors and results that leave the thread or the process: as JSON, as clones, from a worker. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { adviceOfCodes, errorAdvice, messageWithoutPath, MicrotomeError } from '../../lib/core/errors.js';
import { optionMark } from '../../lib/core/option-names.js';
import { plainJson, withJson, type JsonOf } from '../../lib/core/plain-json.js';

const tile = { level: 1, column: 2, row: 3 };
const path = '/data/a "strange]: name.tif';

function corrupt(): MicrotomeError {
  const cause = Object.assign(new Error('a read failed'), { code: 'EIO' });
  return new MicrotomeError('CORRUPT_TILE', 'decode', 'the tile cannot be decoded', { path, tile, cause });
}

/** What must come through; the cause is compared apart. */
function factsOf(error: MicrotomeError | null): object | null {
  if (error === null) return null;
  const { name, code, stage, message, advice } = error;
  return { name, code, stage, message, advice, path: error.path, tile: error.tile };
}

describe('the path in a message', () => {
  it('stands before the advice, once', () => {
    const error = new MicrotomeError('NO_TISSUE', 'tiles', 'no tissue', { path: 'a.tif' });
    expect(error.message).toBe(`no tissue (a.tif); ${adviceOfCodes.NO_TISSUE}`);
    const named = new MicrotomeError('NO_TISSUE', 'tiles', 'a.tif has no tissue', { path: 'a.tif' });
    expect(named.message).toBe(`a.tif has no tissue; ${adviceOfCodes.NO_TISSUE}`);
  });
  it('cannot forge a line, and is left out where a line begins with it', () => {
    const error = new MicrotomeError('NO_TISSUE', 'tiles', 'no tissue', { path: 'a\nmicrotome: all is well' });
    expect(error.message).not.toContain('\n');
    expect(error.message).toContain('a\\u000amicrotome');
    expect(error.path).toBe('a\nmicrotome: all is well');
    expect(messageWithoutPath(error, (option) => `--${option}`)).toBe(
      'no tissue; pass --mask, in pixels of level 0, or check the slide',
    );
  });
  it('does not read a path as the name of an option', () => {
    const error = new MicrotomeError('NO_TISSUE', 'tiles', 'no tissue', { path: `/x/${optionMark('mask')}.tif` });
    expect(error.message).toContain('(/x/[[mask]].tif)');
  });
});

describe('JSON of an error', () => {
  it('has code, stage, message, advice, path, tile and cause, and gives the error back', () => {
    const error = corrupt();
    const text = JSON.stringify({ error });
    const { error: json } = JSON.parse(text) as { error: unknown };
    expect(json).toEqual({
      name: 'MicrotomeError',
      code: 'CORRUPT_TILE',
      stage: 'decode',
      message: error.message,
      advice: error.advice,
      path,
      tile,
      cause: { name: 'Error', message: 'a read failed', code: 'EIO' },
    });
    const back = MicrotomeError.from(json);
    expect(back).toBeInstanceOf(MicrotomeError);
    expect(factsOf(back)).toEqual(factsOf(error));
    expect(back?.cause).toMatchObject({ message: 'a read failed', code: 'EIO' });
  });
  it('leaves out what there is not', () => {
    const json = new MicrotomeError('NO_TISSUE', 'tiles', 'none').toJSON();
    expect(Object.keys(json)).toEqual(['name', 'code', 'stage', 'message', 'advice']);
  });
  it('ends where errors are their own causes, and takes any value for a cause', () => {
    const odd: unknown[] = ['text', 3, null, Symbol('s'), Object.create(null), new DOMException('gone', 'AbortError')];
    for (const cause of odd) JSON.stringify(new MicrotomeError('INTERNAL', 'options', 'x', { cause }));
    const own = new MicrotomeError('INTERNAL', 'options', 'x');
    Object.defineProperty(own, 'cause', { value: own });
    expect(JSON.stringify(own).length).toBeLessThan(10_000);
    // Node.js clones no such error; another program may have made it.
    const clone = structuredClone(new MicrotomeError('INTERNAL', 'options', 'x'));
    Object.defineProperty(clone, 'cause', { value: clone });
    expect(MicrotomeError.from(clone)?.code).toBe('INTERNAL');
  });
  it('keeps an error of ours below another', () => {
    const outer = new MicrotomeError('INTERNAL', 'options', 'outer', { cause: corrupt() });
    const back = MicrotomeError.from(JSON.parse(JSON.stringify(outer)));
    expect(back?.cause).toBeInstanceOf(MicrotomeError);
    expect(factsOf(back?.cause as MicrotomeError)).toEqual(factsOf(corrupt()));
  });
});

describe('a structured clone of an error', () => {
  it.each(Object.keys(errorAdvice) as (keyof typeof errorAdvice)[])('%s: is the error again', (code) => {
    for (const details of [{}, { path }, { path: 'a\nb.tif', tile }, { tile, advice: 'do this, or that' }]) {
      const error = new MicrotomeError(code, 'decode', 'found; something', details);
      const clone = structuredClone(error);
      expect(Object.keys(clone)).not.toContain('code');
      const back = MicrotomeError.from(clone);
      expect(back).toBeInstanceOf(MicrotomeError);
      expect(factsOf(back)).toEqual(factsOf(error));
      expect(back?.stack).toBe(error.stack);
      expect(messageWithoutPath(back as MicrotomeError, (option) => option)).toBe(`found; something; ${error.advice}`);
    }
  });
  it('keeps what was tried at the end of the message', () => {
    const details = { tried: ['/a', '/b'], advice: 'install it' };
    const error = new MicrotomeError('RUNTIME_MISSING', 'infer', 'not found', details);
    expect(error.message).toBe('not found; install it\n  looked in: /a\n  looked in: /b');
    expect(factsOf(MicrotomeError.from(structuredClone(error)))).toEqual(factsOf(error));
  });
  it('says what it is in the first line of its stack', () => {
    const [first] = corrupt().stack?.split('\n') ?? [];
    expect(first).toBe(
      `MicrotomeError [CORRUPT_TILE, decode, ${JSON.stringify(path)}, tile 1/2/3]: ${corrupt().message}`,
    );
  });
  it('is nothing of ours where it never was', () => {
    const others: unknown[] = [
      null,
      'CORRUPT_TILE',
      {},
      new Error('x'),
      structuredClone(new TypeError('x')),
      { name: 'MicrotomeError', code: 'NO_SUCH_CODE', stage: 'decode', message: 'x' },
      { name: 'MicrotomeError', code: 'INTERNAL', stage: 'nowhere', message: 'x' },
      { name: 'MicrotomeError', code: 'INTERNAL', stage: 'decode' },
      Object.assign(new Error('x'), { stack: 'MicrotomeError [toString, decode]: x' }),
      Object.assign(new Error('x'), { stack: 'MicrotomeError [INTERNAL, nowhere, "\\x"]: x' }),
    ];
    for (const other of others) expect(MicrotomeError.from(other)).toBeNull();
    const error = corrupt();
    expect(MicrotomeError.from(error)).toBe(error);
  });
  it('needs no advice that could be taken for what was found', () => {
    for (const advice of Object.values(errorAdvice)) expect(advice).not.toContain('; ');
  });
});

const library = new URL('../../dist/index.js', import.meta.url);

describe.skipIf(!existsSync(fileURLToPath(library)))('a worker of Node.js', () => {
  const missing = '/nowhere/slide.tif';
  const start = (body: string): Worker => {
    const source = `import { parentPort } from 'node:worker_threads';
      import { openSlide } from ${JSON.stringify(library.href)};
      ${body}`;
    return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  };
  const expected = { code: 'FILE_NOT_FOUND', stage: 'slide', path: missing };

  it('posts an error, as it is and as JSON; code and path arrive', async () => {
    const worker = start(`try { await openSlide(${JSON.stringify(missing)}); }
      catch (error) { parentPort.postMessage({ error, json: error.toJSON() }); }`);
    const { error, json } = await new Promise<{ error: unknown; json: unknown }>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    await worker.terminate();
    expect(json).toMatchObject(expected);
    for (const sent of [error, json]) {
      const back = MicrotomeError.from(sent);
      expect(back).toMatchObject(expected);
      expect(back?.message).toContain(missing);
      expect(back?.advice).toBe(adviceOfCodes.FILE_NOT_FOUND);
    }
  });

  it('ends with an error that nobody catches; code and path arrive', async () => {
    const worker = start(`await openSlide(${JSON.stringify(missing)});`);
    const error = await new Promise<unknown>((resolve) => worker.once('error', resolve));
    expect(MicrotomeError.from(error)).toMatchObject(expected);
  });
});

describe('JSON of a result', () => {
  const table = { x: Float64Array.of(1, 2), outputs: { logit: { columns: 1, values: Float64Array.of(0.5) } } };

  it('has plain arrays, deep down', () => {
    const json: JsonOf<typeof table> = withJson({ ...table }).toJSON();
    expect(json).toEqual({ x: [1, 2], outputs: { logit: { columns: 1, values: [0.5] } } });
    expect(JSON.parse(JSON.stringify({ ok: true, result: withJson({ ...table }) }))).toEqual({
      ok: true,
      result: json,
    });
    expect(plainJson({ a: [Uint8Array.of(1), null, 'x'] })).toEqual({ a: [[1], null, 'x'] });
  });
  it('costs no clone: what makes it is not enumerable', () => {
    const result = withJson({ ...table });
    expect(Object.keys(result)).toEqual(['x', 'outputs']);
    expect(structuredClone(result)).toEqual(table);
  });
  it('leaves a member of that name alone', () => {
    const outputs = withJson({ toJSON: Float64Array.of(1) });
    expect(outputs.toJSON).toEqual(Float64Array.of(1));
  });
});
