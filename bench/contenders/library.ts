/** What the contenders use of microtome's Slide beyond what every version has: read by several threads, ready tensors. */
import { MicrotomeError, type Slide, type TileBatch, type TilesOptions } from 'microtome';
import { Unavailable } from '../harness/protocol.js';

export interface TensorOptions extends TilesOptions {
  readonly threads?: number;
  readonly layout: 'NCHW' | 'NHWC';
  readonly type: 'float32';
  readonly scale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

interface ParallelSlide {
  tiles(options: TilesOptions & { readonly threads?: number }): AsyncIterable<TileBatch>;
  tensors?(options: TensorOptions): AsyncIterable<Omit<TileBatch, 'data'> & { readonly data: Float32Array }>;
}

/** Fails where this build reads with one thread only and more were asked for. */
export async function pixelTiles(
  slide: Slide,
  threads: number,
  options: TilesOptions,
): Promise<() => AsyncIterable<TileBatch>> {
  const parallel = slide as unknown as ParallelSlide;
  try {
    parallel.tiles({ ...options, threads });
    return () => parallel.tiles({ ...options, threads });
  } catch (error) {
    if (!(error instanceof MicrotomeError && error.code === 'INVALID_OPTION')) throw error;
    if (threads > 1) throw new Unavailable('slide.tiles() of this build has no option threads');
    return () => slide.tiles(options);
  }
}

export function tensorTiles(slide: Slide, options: TensorOptions) {
  const parallel = slide as unknown as ParallelSlide;
  if (parallel.tensors === undefined) throw new Unavailable('this build has no slide.tensors()');
  return parallel.tensors(options);
}
