/**
 * What the score of one row depends on beyond what all scores of a run do: the slide's row of the metadata, and options
 * that mattered to this slide alone. A resumed run keeps a score where all of it is as it was.
 */
import { basename } from 'node:path';
import type { SlideResult, TileSample } from '../scoring/result.js';
import { findText } from '../model/clinical/row-text.js';
import { canonical, type Json } from './canonical.js';
import type { RunOptions } from './directory-options.js';
import type { JournalRow, RowKey } from './journal-format.js';
import type { RunRow } from './rows.js';
import type { PartialOption } from './run-key.js';
import { scannerFormat } from './slide-names.js';
import type { RescoredRow } from './types.js';

/** What a row of this run would depend on, before it is scored. */
export interface RowKeyMaker {
  readonly options: readonly PartialOption[];
  readonly run: Pick<RunOptions, 'deadline' | 'scorer' | 'columns'>;
  /** Of the model. */
  readonly outputCount: number;
  /** Of the metadata, that the model reads. */
  readonly columns: readonly string[];
  /** The build of OpenSlide that is there; null: none, or nobody knows. */
  readonly openslide: string | null;
}

/** Why a score of the journal is not good for this run. */
export type RowDifference = Omit<RescoredRow, 'name'>;

/** The key of a row that was scored (`result`), or that failed (null). */
export function rowKey(maker: RowKeyMaker, row: RunRow, result: SlideResult | null): RowKey {
  const warned = (result?.warnings?.length ?? 0) > 0;
  const options: Record<string, Json> = {};
  for (const option of maker.options) {
    if (isNoted(option, result, warned)) options[option.name] = option.value;
  }
  return { slideMpp: metadataMpp(maker, row), ...clinicalKey(maker, row), ...readerKey(maker, row), warned, options };
}

/** Another build of OpenSlide may give other pixels. */
function readerKey({ openslide, run }: RowKeyMaker, { slide }: RunRow): Pick<RowKey, 'openslide'> {
  if (openslide === null || slide === null) return {};
  const isChosen = run.scorer.driver === 'openslide';
  const isIts = slide.parts !== undefined || scannerFormat(basename(slide.path)) === 'openslide';
  return isChosen || isIts ? { openslide } : {};
}

/** The values that the model reads; nothing for a model that reads none. */
function clinicalKey({ columns }: RowKeyMaker, { metadata }: RunRow): Pick<RowKey, 'clinical'> {
  if (columns.length === 0) return {};
  return {
    clinical: Object.fromEntries(columns.map((column) => [column, findText(metadata?.clinical ?? null, column) ?? ''])),
  };
}

function isNoted({ scores, value, fixed }: PartialOption, result: SlideResult | null, warned: boolean): boolean {
  if (scores === 'ifLimited') return !same(value, fixed);
  if (result === null) return false;
  if (scores === 'ifSampled') return isSampled(result) || result.stopping != null;
  // What is bad in the overview that tissue is found in is in the warnings alone.
  return scores === 'ifBadTiles' && value !== 'error' && (result.badTiles > result.missingTiles || warned);
}

/** Of any tile input. */
function isSampled({ reads }: SlideResult): boolean {
  return Object.values(reads).some(({ sampled }) => sampled !== null);
}

/** Null: the score is what this run would compute. */
export function rowDifference(maker: RowKeyMaker, was: JournalRow, row: RunRow): RowDifference | null {
  const slideMpp = metadataMpp(maker, row);
  if (was.own.slideMpp !== slideMpp) return { what: 'metadata', was: was.own.slideMpp, is: slideMpp };
  const clinical = clinicalKey(maker, row).clinical ?? {};
  const other = maker.columns.find((column) => was.own.clinical?.[column] !== clinical[column]);
  if (other !== undefined) {
    const before = was.own.clinical?.[other];
    return { what: 'metadata', was: { [other]: before ?? null }, is: { [other]: clinical[other] ?? null } };
  }
  const { openslide } = readerKey(maker, row);
  const isOtherBuild = openslide !== undefined && was.own.openslide !== openslide;
  if (isOtherBuild) return { what: 'OpenSlide', was: was.own.openslide ?? null, is: openslide };
  for (const option of maker.options) {
    const before = was.own.options[option.name];
    const isOther = before !== undefined && !same(before, option.value);
    const differs = option.scores === 'ifLimited' ? limitDiffers(option, was) : isOther;
    if (differs) return { what: option.name, was: before ?? option.fixed, is: option.value };
  }
  // A further output that is no number fails a slide only where it is to be written.
  const isShort = maker.run.columns.allOutputs && maker.outputCount > 1 && was.outputs === undefined;
  if (isShort) return { what: 'allOutputs', was: null, is: true };
  return was.sampled?.reason === 'deadline' ? cutDifference(maker, was.sampled) : null;
}

/** A slide without warnings was read whole, and a higher limit changes nothing. */
function limitDiffers({ name, value, fixed }: PartialOption, { own }: JournalRow): boolean {
  const before = own.options[name] ?? fixed;
  if (same(before, value)) return false;
  return own.warned || typeof before !== 'number' || typeof value !== 'number' || value < before;
}

/** A score that was cut short is as good under another deadline: how far it is cut depends on the machine anyway. */
function cutDifference({ run }: RowKeyMaker, { tiles }: TileSample): RowDifference | null {
  if (run.deadline === null) return { what: 'deadline', was: 'given', is: null };
  const { minTiles } = run.deadline;
  return tiles < minTiles ? { what: 'deadlineMinTiles', was: tiles, is: minTiles } : null;
}

/** An option goes before the table, and is in the key of the journal. */
function metadataMpp({ run }: RowKeyMaker, { metadata }: RunRow): number | null {
  return run.scorer.slideMpp === undefined ? (metadata?.slideMpp ?? null) : null;
}

function same(a: Json, b: Json): boolean {
  return canonical(a) === canonical(b);
}
