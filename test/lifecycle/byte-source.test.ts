/** A caller's source of bytes in the place of a file: the same results, few reads, and a name for every way to fail. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScorer, openSlide } from '../../lib/index.js';
import type { ByteRange, Input, Scorer } from '../../lib/index.js';
import { type Answer, fromFile, rightAnswer } from '../support/byte-sources.js';
import { dataDir, slideFile } from '../support/data.js';
import { meanColourModel } from '../support/models/small-graphs.js';
import { writeSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-byte-source-'));
const drawn = join(scratch, 'drawn.tif');
const model = join(scratch, 'mean.onnx');
let scorer: Scorer;

beforeAll(async () => {
  await writeSlide(drawn, { width: 3000, height: 2000, seed: 31, tissueShare: 0.4 });
  writeFileSync(model, meanColourModel());
  // One thread: a worker that waited for bytes would be missed.
  scorer = await createScorer({ model, input: { level: 0 }, keep: 'all', threads: 1 });
});
afterAll(async () => {
  await scorer.close();
  rmSync(scratch, { recursive: true, force: true });
});

const real = [
  ['JPEG', 'CMU-1-Small-Region.svs'],
  ['JPEG in SubIFDs of a Big TIFF', 'derived_cmu_pyr_jpeg95_444_t512_big_subifd.tif'],
  ['LZW', 'derived_cmu_pyr_lzw_pred_t240.tif'],
  ['Deflate in a Big TIFF', 'derived_cmu_pyr_deflate_t256_big.tif'],
  ['strips', 'derived_cmu_strips_deflate.tif'],
] as const;

const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
const plain = <T extends { readonly data: Uint8Array }>(image: T) => ({ ...image, data: sha256(image.data) });

/** What a slide gives: pixels, a thumbnail, tissue, tiles. */
async function contents(input: Input): Promise<unknown> {
  await using slide = await openSlide(input);
  const [region, thumbnail, tissue] = await Promise.all([
    slide.readRegion({ level: 0, x: 301, y: 205, width: 700, height: 600 }),
    slide.thumbnail(300),
    slide.tissue(),
  ]);
  const tiles: unknown[] = [];
  for await (const batch of slide.tiles({ level: 0, size: 224, maxTiles: 40 }))
    tiles.push([[...batch.x], [...batch.y], sha256(batch.data)]);
  const { levels, mpp, warnings } = slide;
  return { region: plain(region), thumbnail: plain(thumbnail), tissue: plain(tissue), tiles, levels, mpp, warnings };
}

const end = ({ offset, length }: ByteRange): number => offset + length;

describe.each([
  ['drawn', (): string => drawn, true],
  ...real.map(([what, name]) => [what, (): string => slideFile(name), dataDir !== null] as const),
] as const)('a source of a slide: %s', (_, path, isHere) => {
  it.skipIf(!isHere)('has the pixels, the tissue and the score of the file', async () => {
    const watched = fromFile(path());
    expect(await contents(watched.source)).toEqual(await contents(path()));
    const [ofSource, ofFile] = [await scorer.score(watched.source), await scorer.score(path())];
    expect(ofSource.score).toBe(ofFile.score);
    expect(ofSource.tileCount).toBe(ofFile.tileCount);
    expect(watched.overlaps).toEqual([]);
  });

  it.skipIf(!isHere)('is asked for each byte once, in few ranges that lie apart', async () => {
    const watched = fromFile(path());
    const { tileCount } = await scorer.score(watched.source);
    expect(watched.overlaps).toEqual([]);
    expect(watched.bytesRead()).toBeLessThanOrEqual(watched.source.size);
    for (const ranges of watched.calls)
      for (const [i, range] of ranges.entries()) {
        const before = ranges[i - 1];
        // Neighbours are one range, up to 1 MiB.
        if (before !== undefined && before.length < 2 ** 20) expect(range.offset).toBeGreaterThan(end(before));
        expect(end(range)).toBeLessThanOrEqual(watched.source.size);
      }
    expect(watched.calls.length).toBeLessThan(tileCount);
  });
});

/** The right bytes, but for the parts that `change` makes of them. */
const changed =
  (change: (parts: Uint8Array[]) => unknown): Answer =>
  (ranges, whole, signal) =>
    change(rightAnswer(ranges, whole, signal) as Uint8Array[]);

/** Right until the slide is open, then `then`. */
const once = (then: Answer): { readonly answer: Answer; open: boolean } => {
  const state = {
    open: false,
    answer: ((ranges, whole, signal) => (state.open ? then : rightAnswer)(ranges, whole, signal)) as Answer,
  };
  return state;
};

const never: Answer = () => new Promise(() => undefined);

describe('a source that', () => {
  const faults: readonly (readonly [string, Answer, string, string])[] = [
    [
      'rejects',
      () => Promise.reject(new Error('the bucket is gone')),
      'FILE_UNREADABLE',
      'the bucket is gone (slide 7); its read() gave this reason: see there',
    ],
    [
      'throws what is no error',
      () => {
        throw 'no luck';
      },
      'FILE_UNREADABLE',
      'no luck',
    ],
    ['gives no array', () => 'bytes', 'FILE_UNREADABLE', 'read(ranges) gives one Uint8Array for each range'],
    ['gives too few arrays', changed((parts) => parts.slice(1)), 'FILE_UNREADABLE', 'arrays for'],
    ['gives too many arrays', changed((parts) => [...parts, new Uint8Array(1)]), 'FILE_UNREADABLE', 'arrays for'],
    ['gives other types', changed((parts) => parts.map((part) => [...part])), 'FILE_UNREADABLE', 'no Uint8Array'],
    ['gives buffers', changed((parts) => parts.map((part) => part.buffer)), 'FILE_UNREADABLE', 'no Uint8Array'],
    ['gives fewer bytes', changed((parts) => parts.map((part) => part.subarray(1))), 'TRUNCATED', 'byte source gave'],
    [
      'gives more bytes',
      changed((parts) => parts.map((part) => Buffer.concat([part, Buffer.alloc(1)]))),
      'FILE_UNREADABLE',
      'were asked for',
    ],
    [
      'never answers',
      never,
      'NETWORK',
      'after 50 ms (slide 7); check the connection, or raise timeoutMs of the byte source',
    ],
  ];

  it.each(faults)('%s when the slide is opened', async (_, answer, code, found) => {
    const { source } = fromFile(drawn, { answer, timeoutMs: 50, name: 'slide 7' });
    const error = { code, path: 'slide 7', message: expect.stringContaining(found) };
    await expect(openSlide(source)).rejects.toMatchObject(error);
    await expect(scorer.score(source)).rejects.toMatchObject(error);
  });

  it.each(faults)('%s when tiles are read', async (_, answer, code, found) => {
    const state = once(answer);
    const { source } = fromFile(drawn, { answer: state.answer, timeoutMs: 50, name: 'slide 7' });
    await using slide = await openSlide(source);
    state.open = true;
    const error = { code, path: 'slide 7', message: expect.stringContaining(found) };
    await expect(slide.readRegion({ level: 0, x: 1500, y: 1000, width: 500, height: 500 })).rejects.toMatchObject(
      error,
    );
    const tiles = slide.tiles({ level: 0, size: 224, keep: 'all' })[Symbol.asyncIterator]();
    await expect(tiles.next()).rejects.toMatchObject(error);
  });

  it('is shorter than it says is TRUNCATED', async () => {
    const { source } = fromFile(drawn);
    await expect(scorer.score({ ...source, size: source.size + 10 })).rejects.toMatchObject({ code: 'TRUNCATED' });
  });

  it('is longer than it says is TRUNCATED', async () => {
    const { source } = fromFile(drawn);
    // The directories are behind the tiles.
    await expect(openSlide({ ...source, size: 50_000 })).rejects.toMatchObject({ code: 'TRUNCATED' });
  });
});

describe('a source that stalls', () => {
  it.each(['when it is opened', 'when its tiles are read'])(
    '%s does not keep others from being scored',
    async (when) => {
      let release = (): void => undefined;
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      // More of them than there are threads of any kind.
      const stalled = Array.from({ length: 6 }, () => {
        let calls = 0;
        return fromFile(drawn, {
          answer: async (ranges, whole, signal) => {
            calls += 1;
            if (calls > (when === 'when it is opened' ? 0 : 4)) await gate;
            return rightAnswer(ranges, whole, signal);
          },
        });
      });
      const order: string[] = [];
      const waiting = stalled.map(async ({ source }) => {
        const { score } = await scorer.score(source);
        order.push('stalled');
        return score;
      });
      const { score } = await scorer.score(drawn);
      order.push('file');
      await using slide = await openSlide(drawn);
      await slide.readRegion({ level: 0, x: 0, y: 0, width: 500, height: 500 });
      order.push('region');
      release();
      expect(await Promise.all(waiting)).toEqual(Array(6).fill(score));
      expect(order.slice(0, 2)).toEqual(['file', 'region']);
    },
  );

  it('does not keep its slide from being closed: its calls are CANCELLED, its reads aborted', async () => {
    const state = once(never);
    const watched = fromFile(drawn, { answer: state.answer });
    const slide = await openSlide(watched.source);
    const before = watched.calls.length;
    state.open = true;
    const tiles = slide.tiles({ level: 0, size: 224, keep: 'all' })[Symbol.asyncIterator]();
    const calls = [
      slide.readRegion({ level: 0, x: 1500, y: 1000, width: 500, height: 500 }),
      slide.readRegion({ level: 0, x: 200, y: 200, width: 500, height: 500 }),
      slide.tissue(),
      tiles.next(),
    ].map((call) =>
      call.then(
        () => 'answered',
        (error: { code: string }) => error.code,
      ),
    );
    await expect.poll(() => watched.calls.length).toBeGreaterThan(before);
    const signals = watched.signals.slice(before);
    expect(signals.map(({ aborted }) => aborted)).toEqual(signals.map(() => false));
    await slide.close();
    expect(await Promise.all(calls)).toEqual(Array(4).fill('CANCELLED'));
    await expect.poll(() => watched.signals.every(({ aborted }) => aborted)).toBe(true);
  });

  it.each([0, 4])('ends with the reason of an abort after %d reads, which is passed on', async (reads) => {
    let calls = 0;
    const watched = fromFile(drawn, {
      answer: (ranges, whole, signal) => (++calls > reads ? never : rightAnswer)(ranges, whole, signal),
    });
    const stop = new AbortController();
    const reason = new Error('enough');
    const job = scorer.score(watched.source, { signal: stop.signal }).then(
      () => 'scored',
      (error: unknown) => error,
    );
    await expect.poll(() => watched.calls.length).toBeGreaterThan(reads);
    stop.abort(reason);
    expect(await job).toBe(reason);
    await expect.poll(() => watched.signals.every(({ aborted }) => aborted)).toBe(true);
  });

  it.each([
    ['a score', 0],
    ['a score', 4],
    ['a plan', 0],
  ] as const)('ends with its scorer: %s after %d reads', async (what, reads) => {
    let calls = 0;
    const watched = fromFile(drawn, {
      answer: (ranges, whole, signal) => (++calls > reads ? never : rightAnswer)(ranges, whole, signal),
    });
    const own = await createScorer({ model, input: { level: 0 }, keep: 'all' });
    const job = (what === 'a score' ? own.score(watched.source) : own.plan(watched.source)).then(
      () => 'done',
      (error: { code: string }) => error.code,
    );
    await expect.poll(() => watched.calls.length).toBeGreaterThan(reads);
    await own.close();
    expect(await job).toBe('CANCELLED');
    await expect.poll(() => watched.signals.every(({ aborted }) => aborted)).toBe(true);
  });
});
