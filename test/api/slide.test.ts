import { beforeEach, describe, expect, it, vi } from 'vitest';
import { openSlide } from '../../lib/slide/slide.js';
import type { Slide } from '../../lib/slide/slide.js';
import type { TileBatch } from '../../lib/slide/tile-batch.js';
import { failure } from './support/bundle.js';
import type { NativeTileBatch } from '../../lib/native/contract.js';
import { FakeAddon, FakeSlide, Gate, nativeError, tileBatch } from './support/fake-addon.js';

let addon: FakeAddon;
vi.mock('../../lib/native/addon.js', () => ({
  loadAddon: async () => addon,
  nameOnnxRuntime: () => undefined,
  openslideNamed: () => undefined,
}));
beforeEach(() => {
  addon = new FakeAddon();
});

async function open(): Promise<{ slide: Slide; native: FakeSlide }> {
  const slide = await openSlide('/slides/a.tif');
  return { slide, native: addon.slides[0] as FakeSlide };
}

async function tick(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('openSlide', () => {
  it('gives what the file says, frozen', async () => {
    const { slide } = await open();
    expect(slide).toMatchObject({ path: '/slides/a.tif', width: 1024, height: 512, orientation: 1, fileBytes: 12345 });
    expect(slide.levels.map((l) => [l.index, l.width, l.downsample])).toEqual([
      [0, 1024, 1],
      [1, 512, 2],
    ]);
    expect(slide.mpp).toEqual({ x: 0.5, y: 0.5, source: 'aperio', trusted: true });
    expect(slide.associated).toEqual([{ name: 'label', width: 10, height: 20 }]);
    expect(slide.warnings).toEqual(['a warning of the slide']);
    expect(Object.isFrozen(slide.levels) && Object.isFrozen(slide.levels[0]) && Object.isFrozen(slide.mpp)).toBe(true);
  });
  it('passes full options on, and parses them before anything is opened', async () => {
    await openSlide('/a.tif', { slideMpp: 0.25, limits: { directories: 3 } });
    expect(addon.opened[0]).toMatchObject([
      '/a.tif',
      { slideMpp: 0.25, limits: { directories: 3, requestBytes: 2 ** 30 } },
    ]);
    await failure(() => openSlide('/a.tif', { mmp: 1 } as never), 'INVALID_OPTION');
    await failure(() => openSlide('gs://host/a.tif'), 'NETWORK');
    expect(addon.opened).toHaveLength(1);
  });
  it('gives errors of the addon the path', async () => {
    addon.slideFailure = nativeError('NOT_A_SLIDE', 'slide', 'no TIFF');
    expect(await failure(() => openSlide('/a.tif'), 'NOT_A_SLIDE')).toMatchObject({ stage: 'slide', path: '/a.tif' });
  });
});

describe('an open slide', () => {
  it('reads regions, thumbnails, associated images and tissue', async () => {
    const { slide, native } = await open();
    const region = await slide.readRegion({ level: 1, x: -3, y: 4, width: 5, height: 6 });
    expect(region).toMatchObject({ width: 5, height: 6, channels: 3, badTiles: 3, missingTiles: 2 });
    expect(region.data).toHaveLength(90);
    expect((await slide.thumbnail(8)).height).toBe(4);
    expect((await slide.readAssociated('label')).width).toBe(10);
    expect(await slide.iccProfile()).toBeNull();
    expect(await slide.tissue({ overviewSide: 100 })).toMatchObject({ width: 2, level0PerPxX: 512 });
    expect(native.calls).toEqual([
      ['readRegion', { level: 1, x: -3, y: 4, width: 5, height: 6, onBadTile: 'error' }],
      ['thumbnail', 8],
      ['readAssociated', 0],
      ['iccProfile', null],
      [
        'tissue',
        {
          mask: { kind: 'tissue', options: { method: 'default', overviewSidePx: 100, minAreaFraction: 1e-5 } },
          onBadTile: 'error',
        },
      ],
    ]);
  });
  it('refuses wrong arguments without asking the addon', async () => {
    const { slide, native } = await open();
    await failure(() => slide.readRegion({ level: 0, x: 0.5, y: 0, width: 1, height: 1 }), 'INVALID_OPTION');
    await failure(() => slide.readRegion({ level: 0, x: 0, y: 0, width: 0, height: 1 }), 'INVALID_OPTION');
    await failure(() => slide.thumbnail(0), 'INVALID_OPTION');
    expect((await failure(() => slide.readAssociated('macro'), 'INVALID_OPTION')).message).toContain('it has: label');
    expect(native.calls).toEqual([]);
  });
  it('names the tile that is to blame', async () => {
    const { slide, native } = await open();
    const tile = { level: 0, column: 3, row: 4 };
    native.failure = nativeError('CORRUPT_TILE', 'decode', 'bad', { tile });
    expect(await failure(() => slide.thumbnail(8), 'CORRUPT_TILE')).toMatchObject({ tile, path: '/slides/a.tif' });
    native.failure = null;
    await expect(slide.thumbnail(8)).resolves.toBeDefined();
  });
  it('closes once, waits for it, and answers CANCELLED from then on', async () => {
    const gate = new Gate<void>();
    addon.makeSlide = () => new FakeSlide(gate);
    const { slide, native } = await open();
    let closed = false;
    const first = slide.close().then(() => (closed = true));
    const second = slide.close();
    await tick();
    expect([closed, native.closed]).toEqual([false, 1]);
    await failure(() => slide.thumbnail(8), 'CANCELLED');
    await failure(() => slide.readRegion({ level: 0, x: 0, y: 0, width: 1, height: 1 }), 'CANCELLED');
    await failure(() => slide.tissue(), 'CANCELLED');
    await failure(() => slide.tiles({ level: 0, size: 2 })[Symbol.asyncIterator]().next(), 'CANCELLED');
    gate.resolve();
    await Promise.all([first, second, slide[Symbol.asyncDispose]()]);
    expect([closed, native.closed]).toEqual([true, 1]);
  });
});

describe('tiles', () => {
  it('come batch by batch, with full options', async () => {
    const { slide, native } = await open();
    native.batches.push(tileBatch(4), tileBatch(1));
    const seen: number[] = [];
    for await (const batch of slide.tiles({ mpp: 1, size: 2, batchSize: 4, keep: 'all' })) {
      expect(batch).toMatchObject({ level: 0, sizePx: 2, badTiles: 0 });
      expect(batch.data).toHaveLength(batch.tiles * 12);
      seen.push(batch.tiles);
    }
    expect(seen).toEqual([4, 1]);
    const grid = {
      mpp: 1,
      level: null,
      slideMpp: null,
      scaledDecode: false,
      sizePx: 2,
      stridePx: 2,
      placement: 'scaled',
      edge: 'pad',
      keep: 'all',
      minTissueFraction: 0.25,
      maxTiles: 0,
      seed: 0,
      onBadTile: 'error',
      mask: { kind: 'all' },
    };
    expect(native.calls[0]).toEqual(['tiles', { grid, options: { batchSize: 4, threads: 0, tensor: null } }]);
  });
  it('are given back once', async () => {
    const { slide, native } = await open();
    native.batches.push(tileBatch(1));
    for await (const batch of slide.tiles({ level: 0, size: 2 })) {
      batch.release();
      batch.release();
      expect(() => batch.data).toThrow('released');
      expect(batch.x).toHaveLength(1);
    }
  });
  it('end when the loop is left', async () => {
    const { slide, native } = await open();
    native.batches.push(tileBatch(1), tileBatch(1));
    for await (const batch of slide.tiles({ level: 0, size: 2 })) {
      expect(batch.tiles).toBe(1);
      break;
    }
    expect(native.streamsCancelled).toBe(1);
  });
  const waiting = async (
    signal?: AbortSignal,
  ): Promise<{
    slide: Slide;
    native: FakeSlide;
    next: Promise<IteratorResult<TileBatch>>;
    iterator: AsyncIterator<TileBatch>;
  }> => {
    const { slide, native } = await open();
    native.nextGate = new Gate<NativeTileBatch | null>();
    const iterator = slide
      .tiles({ level: 0, size: 2, ...(signal === undefined ? {} : { signal }) })
      [Symbol.asyncIterator]();
    const next = iterator.next();
    next.catch(() => undefined);
    await tick();
    return { slide, native, next, iterator };
  };
  it('stop with the reason of the signal', async () => {
    const controller = new AbortController();
    const { next, native, iterator } = await waiting(controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
    expect(native.streamsCancelled).toBeGreaterThan(0);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });
  it('do not start after an abort, and stop between two batches', async () => {
    const { slide, native } = await open();
    const reason = new Error('enough');
    const iterator = slide.tiles({ level: 0, size: 2, signal: AbortSignal.abort(reason) })[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toBe(reason);
    expect(native.calls).toEqual([]);
    const controller = new AbortController();
    native.batches.push(tileBatch(1), tileBatch(1));
    const second = slide.tiles({ level: 0, size: 2, signal: controller.signal })[Symbol.asyncIterator]();
    await second.next();
    controller.abort(reason);
    await expect(second.next()).rejects.toBe(reason);
  });
  it('end with CANCELLED when the slide is closed', async () => {
    const { slide, next } = await waiting();
    await slide.close();
    await expect(next).rejects.toMatchObject({ code: 'CANCELLED' });
  });
  it('say at the call what is wrong with their options', async () => {
    const { slide } = await open();
    expect(() => slide.tiles({ level: 0, size: 0 })).toThrow('size');
    expect(() => slide.tiles({ size: 5 })).toThrow('Expected one of mpp and level');
  });
});
