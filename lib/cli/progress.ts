/**
 * Progress on stderr: a bar that redraws itself on a terminal, a line every few seconds elsewhere, percent and elapsed
 * time alone where logs must not tell anything of the data, or nothing.
 */
import type { DirectoryProgress, ImageProgress } from '../index.js';
import type { OutputStream } from './io.js';
import { clock } from './text.js';

export const progressKinds = ['bar', 'plain', 'percent', 'none'] as const;
export type ProgressKind = (typeof progressKinds)[number];

/** Of a run over slides, or over lesion images. */
export type RunProgress = DirectoryProgress | ImageProgress;

export interface ProgressView {
  update(progress: RunProgress): void;
  /** A line of its own: a failed slide, the summary. Not shown by `percent` and `none`. */
  note(text: string): void;
  /** A line that whoever reads the scores must know. Not shown by `percent`, which promises to print nothing else. */
  say(text: string): void;
  /** Clears what is not to stay. */
  end(): void;
}

const kPlainIntervalMs = 5000;

export function progressView(kind: ProgressKind | undefined, stream: OutputStream): ProgressView {
  switch (kind ?? (stream.isTTY === true ? 'bar' : 'plain')) {
    case 'bar':
      return barView(stream);
    case 'plain':
      return plainView(stream);
    case 'percent':
      return percentView(stream);
    case 'none':
      return { update() {}, note() {}, say: (text) => void stream.write(`${text}\n`), end() {} };
  }
}

const rowsOf = (p: RunProgress): { readonly done: number; readonly total: number } =>
  'images' in p ? p.images : p.slides;

function rateParts(p: RunProgress): readonly string[] {
  const few = (rate: number): string => rate.toFixed(rate < 10 ? 1 : 0);
  if ('images' in p) return p.imagesPerSecond > 0 ? [`${few(p.imagesPerSecond)} images/s`] : [];
  const parts: string[] = [];
  if (p.slidesPerHour > 0) parts.push(`${few(p.slidesPerHour)} slides/h`);
  if (p.tilesPerSecond > 0) parts.push(`${p.tilesPerSecond.toFixed(0)} tiles/s`);
  return parts;
}

function describe(p: RunProgress): string {
  const { done, total } = rowsOf(p);
  const parts = [`${done}/${total} ${'images' in p ? 'images' : 'slides'}`];
  if (p.failed > 0) parts.push(`${p.failed} failed`);
  parts.push(...rateParts(p), clock(p.elapsedMs));
  if (p.timeLeftMs !== null && done < total) parts.push(`${clock(p.timeLeftMs)} left`);
  return parts.join(', ');
}

/** Rows that are done, and the tiles of the slides at hand as parts of one. */
function shareOf(p: RunProgress): number {
  if ('images' in p) return p.images.total === 0 ? 0 : p.images.done / p.images.total;
  if (p.slides.total === 0) return 0;
  const part = p.tiles.total > 0 && p.slides.done < p.slides.total ? p.tiles.done / p.tiles.total : 0;
  return Math.min(1, (p.slides.done + Math.min(part, 1)) / p.slides.total);
}

function barView(stream: OutputStream): ProgressView {
  let drawn = false;
  const clear = (): void => {
    if (drawn) stream.write('\r\u001b[K');
    drawn = false;
  };
  const note = (text: string): void => {
    clear();
    stream.write(`${text}\n`);
  };
  return {
    update(p) {
      const width = 20;
      const filled = Math.round(shareOf(p) * width);
      const line = `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${describe(p)}`;
      stream.write(`\r${line.slice(0, Math.max(10, (stream.columns ?? 80) - 1))}\u001b[K`);
      drawn = true;
    },
    note,
    say: note,
    end: clear,
  };
}

function plainView(stream: OutputStream): ProgressView {
  let lastMs = 0;
  /** Of the last slide. It waits for the end: slides are told of in their order, some of them after the last one is done. */
  let last: string | null = null;
  const note = (text: string): void => void stream.write(`${text}\n`);
  return {
    update(p) {
      const { done, total } = rowsOf(p);
      if (done === total) {
        last = describe(p);
        return;
      }
      if (p.elapsedMs - lastMs < kPlainIntervalMs) return;
      lastMs = p.elapsedMs;
      stream.write(`${describe(p)}\n`);
    },
    note,
    say: note,
    end() {
      if (last !== null) stream.write(`${last}\n`);
      last = null;
    },
  };
}

function percentView(stream: OutputStream): ProgressView {
  let last = -1;
  return {
    update(p) {
      const percent = Math.floor((100 * rowsOf(p).done) / Math.max(rowsOf(p).total, 1));
      if (percent === last) return;
      last = percent;
      stream.write(`${percent}% ${clock(p.elapsedMs)}\n`);
    },
    note() {},
    say() {},
    end() {},
  };
}
