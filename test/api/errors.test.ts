import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  adviceOfCodes,
  errorAdvice,
  fromFileSystem,
  fromNative,
  MicrotomeError,
  native,
  stages,
} from '../../lib/core/errors.js';
import { nativeError } from './support/fake-addon.js';

describe('the error table', () => {
  it('is the native one: same codes, same advice, same order', () => {
    const text = readFileSync(new URL('../../native/core/error_codes.def', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^MICROTOME_CODE\((\w+), "(.*)"\)$/gm)].map(([, code, advice]) => [code, advice]);
    expect(rows.length).toBeGreaterThan(25);
    expect(Object.entries(errorAdvice)).toEqual(rows);
  });
  it('has the native stages in the native order', () => {
    const text = readFileSync(new URL('../../native/core/error.h', import.meta.url), 'utf8');
    const names = /enum class Stage[^{]*\{([^}]*)\}/
      .exec(text)?.[1]
      ?.split(',')
      .map((s) => s.trim().toLowerCase());
    expect(names).toEqual([...stages]);
  });
});

describe('MicrotomeError', () => {
  it('says what was found, in which file, and what to do', () => {
    const error = new MicrotomeError('NO_TISSUE', 'tissue', 'no tissue was found', { path: 'a.tif' });
    const advice = adviceOfCodes.NO_TISSUE;
    expect(error.message).toBe(`no tissue was found (a.tif); ${advice}`);
    expect(error).toMatchObject({ name: 'MicrotomeError', code: 'NO_TISSUE', stage: 'tissue', path: 'a.tif', advice });
    expect('tile' in error).toBe(false);
    expect('cause' in error).toBe(false);
  });
  it('takes the place of advice where more is known', () => {
    const error = new MicrotomeError('RUNTIME_MISSING', 'infer', 'nothing', { advice: 'install it' });
    expect(error.message).toBe('nothing; install it');
    expect(error.advice).toBe('install it');
  });
});

describe('errors of the addon', () => {
  it('keep code, stage, path, tile, advice and cause', () => {
    const tile = { level: 1, column: 2, row: 3 };
    const cause = nativeError('CORRUPT_TILE', 'decode', 'bad data; worse', { path: 'b.tif', tile, advice: 'restore' });
    const error = fromNative(cause, 'fallback.tif');
    expect(error).toMatchObject({
      code: 'CORRUPT_TILE',
      stage: 'decode',
      path: 'b.tif',
      tile,
      advice: 'restore',
      cause,
    });
    expect(error.message).toBe('bad data; worse (b.tif); restore');
  });
  it('take the path of the call when they have none', () => {
    expect(fromNative(nativeError('TRUNCATED', 'slide', 'cut', { path: '' }), 'c.tif').path).toBe('c.tif');
  });
  it('become INTERNAL when they are of no known kind', () => {
    for (const odd of [
      new Error('x'),
      nativeError('NO_SUCH_CODE', 'decode', 'x'),
      nativeError('TRUNCATED', 'nowhere', 'x'),
      'x',
      null,
    ]) {
      expect(fromNative(odd)).toMatchObject({ code: 'INTERNAL', cause: odd });
    }
  });
  it('are not made from the prototype of the table', () => {
    expect(fromNative(nativeError('toString', 'decode', 'x')).code).toBe('INTERNAL');
  });
  it('are converted whether thrown or rejected', async () => {
    await expect(native(() => Promise.reject(nativeError('TRUNCATED', 'slide', 'x')))).rejects.toMatchObject({
      code: 'TRUNCATED',
    });
    const thrown = native(() => {
      throw nativeError('OUT_OF_MEMORY', 'infer', 'x');
    });
    await expect(thrown).rejects.toBeInstanceOf(MicrotomeError);
  });
});

describe('errors of the file system', () => {
  it('are FILE_NOT_FOUND or FILE_UNREADABLE', () => {
    const of = (code: string) =>
      fromFileSystem(Object.assign(new Error('x'), { code }), 'slide', '/a', 'the slide').code;
    expect(of('ENOENT')).toBe('FILE_NOT_FOUND');
    expect(of('ENOTDIR')).toBe('FILE_NOT_FOUND');
    expect(of('EACCES')).toBe('FILE_UNREADABLE');
    expect(of('EIO')).toBe('FILE_UNREADABLE');
  });
});
