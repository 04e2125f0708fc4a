/** `file:` URLs, as text and as objects, wherever the API takes a path. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pathOf } from '../../lib/core/file-url.js';
import { doctor, fileSource, loadModel, type ScorerOptions } from '../../lib/index.js';
import { nested } from '../../lib/cli/table-flags.js';
import { parseOptions } from '../../lib/options/parse.js';
import { parseScorerOptions } from '../../lib/options/score-options.js';
import { optionRows } from '../../lib/options/table.js';
import { parseDirectoryOptions } from '../../lib/runs/directory-options.js';
import { maskDigest } from '../../lib/slide/mask-digest.js';
import { failure, temporaryFolder, writeBundle } from './support/bundle.js';

const odd = '/a folder/100%/ü #?.tif';

describe('pathOf', () => {
  it('is the path that a URL stands for, and leaves other text alone', () => {
    expect(pathOf(pathToFileURL(odd))).toBe(odd);
    expect(pathOf(pathToFileURL(odd).href)).toBe(odd);
    expect(pathOf(pathToFileURL(odd).href.replace('file:', 'FILE:'))).toBe(odd);
    for (const text of ['a.tif', '/a/file://b', 'file:a', 'files://x', './file:/x', 'demo'])
      expect(pathOf(text)).toBe(text);
  });

  it.each(['file://host/a', 'file://%', 'file:///a%2fb', 'file:///a%00b', 'file://a b'])(
    '%s is refused by name',
    async (address) => {
      const error = await failure(() => pathOf(address), 'INVALID_OPTION');
      expect(error.message).toContain('is not the address of a local file');
    },
  );

  it('URLs of another kind are refused', async () => {
    for (const address of ['https://host/a', 'data:,x'])
      await failure(() => pathOf(new URL(address)), 'INVALID_OPTION');
  });
});

/** `tile.size` of `{ tile: { size } }`. */
function valueIn(options: object, name: string): unknown {
  return name.split('.').reduce((value: unknown, member) => (value as Record<string, unknown>)[member], options);
}

describe('options', () => {
  const rows = optionRows.filter(({ kind }) => ['path', 'model', 'mask'].includes(kind.type));
  const needed: Readonly<Record<string, object>> = {
    run: { model: 'demo' },
    images: { model: 'demo' },
    stream: { size: 8, mpp: 1 },
  };
  const cases = rows.flatMap((row) => row.in.map((place) => [row.name, place] as const));
  it('are some', () => expect(cases.length).toBeGreaterThan(6));
  it.each(cases)('%s of %s takes one', (name, place) => {
    for (const given of [pathToFileURL(odd), pathToFileURL(odd).href, odd])
      expect(valueIn(parseOptions([place], { ...needed[place], ...nested(new Map([[name, given]])) }), name)).toBe(odd);
  });

  it('of a run are paths in the key of its journal, too', () => {
    const url = pathToFileURL('/x/y.csv');
    const options = parseDirectoryOptions({ model: pathToFileURL('/m'), output: url, format: url, mask: url });
    expect(options).toMatchObject({ output: '/x/y.csv', format: '/x/y.csv' });
    expect(options.given).toMatchObject({ model: '/m', output: '/x/y.csv', mask: '/x/y.csv' });
  });

  it('the model of a scorer', async () => {
    const url = pathToFileURL('/m.onnx');
    expect(parseScorerOptions({ model: url } as ScorerOptions).model).toBe('/m.onnx');
    expect(parseScorerOptions({ model: url.href }).model).toBe('/m.onnx');
    await failure(() => parseScorerOptions({ model: new URL('https://host/m.onnx') }), 'INVALID_OPTION');
  });
});

describe('files', () => {
  it('models and sources of bytes', async () => {
    const bundle = writeBundle();
    expect((await loadModel(pathToFileURL(bundle))).path).toBe((await loadModel(bundle)).path);
    expect((await loadModel(pathToFileURL(join(bundle, 'model.onnx')).href)).kind).toBe('onnx');
    const path = join(temporaryFolder(), odd);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '0123');
    expect((await fileSource(pathToFileURL(path))).size).toBe(4);
    expect((await fileSource(pathToFileURL(path).href)).size).toBe(4);
    expect(await maskDigest(pathToFileURL(path), null)).toBe(await maskDigest(path, null));
  });

  it('doctor takes one, and never rejects', async () => {
    const { searches } = await doctor({ onnxRuntimePath: pathToFileURL('/nowhere/libonnxruntime.so') });
    expect(searches.onnxRuntime.tried.join()).toContain('/nowhere/libonnxruntime.so');
    await doctor({ onnxRuntimePath: 'file://host/x' });
  });
});
