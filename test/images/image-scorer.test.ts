/** createImageScorer: from a batch of images to values, with the addon. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../lib/core/png.js';
import { createImageScorer, openImages, type ImageBatch, type ImageScorer } from '../../lib/index.js';
import { imageAssumptions } from '../../lib/scoring/image-scorer.js';
import { writeFullBundle } from '../api/support/full-bundle.js';
import { failure, writeBundle, type Json } from '../api/support/bundle.js';
import { fileWith, temporaryFolder } from '../runs/support.js';
import { dataDir } from '../support/data.js';
import { hdf5File } from './hdf5-writer.js';

async function pngOf(colour: readonly [number, number, number], width = 20, height = 30): Promise<Buffer> {
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => colour[i % 3] ?? 0);
  return encodePng({ data, width, height, channels: 3 });
}

const tileOf = (json: Json): Json => ((json['inputs'] as Json)['tiles'] as Json[])[0] as Json;
const outputOf = (json: Json): Json => (json['outputs'] as Json[])[0] as Json;

/** Values by image in a model without clip. */
function bundle(edit: (json: Json) => unknown = () => undefined): string {
  return writeBundle({
    edit: (json) => {
      delete outputOf(json)['clip'];
      delete outputOf(json)['fallback'];
      json['select'] = [];
      edit(json);
    },
  });
}

async function withScorer<T>(model: string, use: (scorer: ImageScorer) => Promise<T>): Promise<T> {
  await using scorer = await createImageScorer({ model, device: 'cpu', threads: 2 });
  return await use(scorer);
}

async function filesOf(images: readonly Uint8Array[]): Promise<string[]> {
  const folder = await temporaryFolder();
  return Promise.all(
    images.map(async (bytes, i) => {
      const path = join(folder, `${i}.png`);
      await writeFile(path, bytes);
      return path;
    }),
  );
}

const colours = Array.from({ length: 41 }, (_, i) => [i * 6, 255 - i * 5, (i * 37) % 256] as const);

describe('images', () => {
  it('have the same values from one file and from files of their own, in any company', async () => {
    const images = await Promise.all(colours.map((colour, i) => pngOf(colour, 10 + i, 50 - i)));
    const file = await fileWith(
      hdf5File(images.map((content, i) => ({ name: `ISIC_${String(i).padStart(7, '0')}`, content }))),
      'images.hdf5',
    );
    await using index = await openImages(file);
    const places = index.names.map((name) => index.place(name) ?? { offset: NaN, bytes: NaN });
    const batch: ImageBatch = {
      kind: 'places',
      path: file,
      offsets: Float64Array.from(places, ({ offset }) => offset),
      bytes: Float64Array.from(places, ({ bytes }) => bytes),
    };
    const paths = await filesOf(images);
    await withScorer(bundle(), async (scorer) => {
      const [whole, single] = await Promise.all([scorer.score(batch), scorer.score({ kind: 'files', paths })]);
      const values = whole.outputs.get('relapse') as Float64Array;
      expect(values).toHaveLength(41);
      expect(single.outputs.get('relapse')).toEqual(values);
      expect(new Set(values).size).toBe(41);
      expect([...whole.failures, ...whole.notes, ...whole.clipped]).toEqual([]);
      await using many = await createImageScorer({ model: bundle(), device: 'cpu', threads: 8 });
      expect((await many.score(batch)).outputs.get('relapse')).toEqual(values);
      for (const i of [0, 7, 40]) {
        const one = await scorer.score({ kind: 'files', paths: [paths[i] as string] });
        expect(one.outputs.get('relapse')?.[0]).toBe(values[i]);
      }
    });
  });

  it('fail alone, with the code and the path', async () => {
    const good = await pngOf([1, 2, 3]);
    const paths = await filesOf([good, Buffer.from('text'), good.subarray(0, 60), good]);
    paths.push(join(await temporaryFolder(), 'none.png'));
    await withScorer(bundle(), async (scorer) => {
      const rows = await scorer.score({ kind: 'files', paths });
      expect(rows.failures.map(({ index, error }) => [index, error.code, error.path])).toEqual([
        [1, 'IMAGES_INVALID', paths[1]],
        [2, 'TRUNCATED', paths[2]],
        [4, 'FILE_NOT_FOUND', paths[4]],
      ]);
      const values = [...(rows.outputs.get('relapse') ?? [])];
      expect(values.map(Number.isNaN)).toEqual([false, true, true, false, true]);
      expect(values[0]).toBe(values[3]);
    });
  });

  it('tell what was done to them, and which were held to the range', async () => {
    const grey = await encodePng({
      data: new Uint8Array(64).fill(255),
      width: 8,
      height: 8,
      channels: 1,
    });
    const paths = await filesOf([Buffer.concat([grey, Buffer.alloc(3)]), await pngOf([0, 0, 0])]);
    const model = bundle((json) => {
      outputOf(json)['clip'] = [0.2, 0.4];
    });
    await withScorer(model, async (scorer) => {
      const rows = await scorer.score({ kind: 'files', paths });
      expect(rows.notes).toEqual([
        { index: 0, note: 'grey' },
        { index: 0, note: 'bytes behind the end of the image' },
      ]);
      const values = [...(rows.outputs.get('relapse') ?? [])];
      for (const value of values) expect(value >= 0.2 && value <= 0.4).toBe(true);
      const moved = values.flatMap((value, i) => (value === 0.2 || value === 0.4 ? [i] : []));
      expect(moved.length).toBeGreaterThan(0);
      expect(rows.clipped).toEqual(moved);
    });
  });

  it('are resized as the bundle says', async () => {
    // Stripes: each filter makes other numbers of them.
    const data = Uint8Array.from({ length: 3 * 301 * 47 }, (_, i) => (i % 7) * (Math.floor(i / 903) % 3) * 20);
    const [path] = await filesOf([await encodePng({ data, width: 301, height: 47, channels: 3 })]);
    const values = new Map<string, number>();
    for (const resize of [undefined, 'pil-bilinear', 'pil-bicubic', 'opencv-area']) {
      const model = bundle((json) => {
        if (resize !== undefined) tileOf(json)['imageResize'] = resize;
      });
      await withScorer(model, async (scorer) => {
        const rows = await scorer.score({ kind: 'files', paths: [path as string] });
        values.set(String(resize), rows.outputs.get('relapse')?.[0] ?? NaN);
        const told = imageAssumptions(scorer.model);
        expect(told).toHaveLength(resize === undefined ? 1 : 0);
        if (resize === undefined) expect(told[0]).toContain('pil-bilinear');
      });
    }
    expect(values.get('undefined')).toBe(values.get('pil-bilinear'));
    expect(new Set(values.values()).size).toBe(3);
  });

  it('end with the signal, and with close', async () => {
    const paths = await filesOf(await Promise.all(colours.map((colour) => pngOf(colour, 400, 300))));
    const many: ImageBatch = { kind: 'files', paths: Array.from({ length: 40 }, () => paths).flat() };
    const scorer = await createImageScorer({ model: bundle(), device: 'cpu', threads: 1 });
    const stop = new AbortController();
    const reason = new Error('enough');
    const given = scorer.score(many, { signal: stop.signal });
    stop.abort(reason);
    await expect(given).rejects.toBe(reason);
    await expect(scorer.score(many, { signal: stop.signal })).rejects.toBe(reason);
    const running = scorer.score(many);
    const ended = failure(() => running, 'CANCELLED');
    await scorer.close();
    await ended;
    await failure(() => scorer.score(many), 'CANCELLED');
    await scorer.close();
  });

  it.skipIf(dataDir === null)('of ISIC are scored from the file of their names', async () => {
    const file = join(dataDir ?? '', 'lesions/derived_isic2024_layout.hdf5');
    await using index = await openImages(file);
    const places = index.names.map((name) => index.place(name) ?? { offset: NaN, bytes: NaN });
    const folder = await temporaryFolder();
    const paths = await Promise.all(
      index.names.map(async (name) => {
        await writeFile(join(folder, name), await index.read(name));
        return join(folder, name);
      }),
    );
    await withScorer(bundle(), async (scorer) => {
      const rows = await scorer.score({
        kind: 'places',
        path: file,
        offsets: Float64Array.from(places, ({ offset }) => offset),
        bytes: Float64Array.from(places, ({ bytes }) => bytes),
      });
      expect(rows.failures).toEqual([]);
      const values = rows.outputs.get('relapse') as Float64Array;
      expect(values.every((value) => value > 0 && value < 1)).toBe(true);
      expect((await scorer.score({ kind: 'files', paths })).outputs.get('relapse')).toEqual(values);
    });
  });
});

const stain = {
  stain: { method: 'reinhard', reference: { mean: [8, 0, 0], std: [1, 1, 1] } },
};

describe('what is refused', () => {
  const filter = [{ rule: 'filter', by: { encoder: 'classifier', output: 'probability' }, min: 0.5 }];
  const inputsOf = (json: Json): Json => json['inputs'] as Json;
  const encoderOf = (json: Json): Json => (json['encoders'] as Json[])[0] as Json;
  it.each<[string, (json: Json) => object, string]>([
    ['a stain', (json) => Object.assign(inputsOf(json), { colour: stain }), 'fits the stain of a slide'],
    ['a profile', (json) => Object.assign(inputsOf(json), { colour: { icc: true } }), 'ICC profile'],
    ['rules', (json) => Object.assign(json, { select: filter }), 'has rules that choose among the tiles'],
    ['turns', (json) => Object.assign(encoderOf(json), { turns: ['identity', 'flipX'] }), 'turns'],
  ])('is a model with %s', async (_, edit, why) => {
    const error = await failure(() => createImageScorer({ model: bundle(edit), device: 'cpu' }), 'MODEL_MISMATCH');
    expect(error.message).toContain(why);
  });

  it('is a model of heads that are graphs, several inputs, clinical values', async () => {
    const error = await failure(() => createImageScorer({ model: writeFullBundle(), device: 'cpu' }), 'MODEL_MISMATCH');
    expect(error.message).toContain('the model is for slides');
  });

  it('is an option of slides, and a batch of no known form', async () => {
    await failure(() => createImageScorer({ model: bundle(), mask: 'x' } as never), 'INVALID_OPTION');
    await withScorer(bundle(), async (scorer) => {
      const numbers = Float64Array.of(1);
      for (const batch of [
        null,
        { kind: 'none' },
        { kind: 'files', paths: [1] },
        { kind: 'places', path: 'x', offsets: [1], bytes: [2] },
        { kind: 'places', path: 'x', offsets: numbers, bytes: new Float64Array(2) },
      ])
        await failure(() => scorer.score(batch as never), 'INVALID_OPTION');
      const gone = {
        kind: 'places',
        path: join(await temporaryFolder(), 'none'),
        offsets: numbers,
        bytes: numbers,
      } as const;
      expect((await failure(() => scorer.score(gone), 'FILE_NOT_FOUND')).path).toBe(gone.path);
    });
  });
});

it('is no matter of its sides what an image of one colour gives', async () => {
  // Of one colour, whatever the size.
  const [path] = await filesOf([await pngOf([40, 90, 200])]);
  await withScorer(bundle(), async (scorer) => {
    const value = (await scorer.score({ kind: 'files', paths: [path as string] })).outputs.get('relapse')?.[0] ?? NaN;
    const large = await filesOf([await pngOf([40, 90, 200], 96, 160)]);
    expect((await scorer.score({ kind: 'files', paths: large })).outputs.get('relapse')?.[0]).toBe(value);
  });
});
