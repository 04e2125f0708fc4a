/**
 * The output of a run that is not finished: every row is there, with its score or with the fallback value. It is written
 * before the first slide is opened and replaced as scores come, so that whoever is killed leaves a complete table.
 *
 * Output without journal means finished. So the journal is there before the first such table and goes after the finished one,
 * and a row is in the journal before its score is in a table: what a later run resumes is never less than the table says.
 */
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { Turns } from '../core/turns.js';
import type { Model } from '../model/model.js';
import type { Clock } from './clock.js';
import { furtherCells, type ColumnOptions, type WrittenRow } from './columns.js';
import { headerLine, rowLine } from './csv-write.js';
import { asideOf, writeWhole } from './durable.js';
import { fallbacksOf, type RowFallback } from './fallback.js';
import type { FileSystem } from './file-system.js';
import { shown } from './names.js';
import type { RunRow } from './rows.js';
import type { SummaryRow } from './types.js';

/** Shortest time from the end of one writing to the begin of the next. */
export const kMinIntervalMs = 1000;
/** Writing a table that is large, or on a slow disk, takes no more than a twentieth of the time. */
export const kTimesItsOwn = 19;
/** Lines that are joined and written at once: some hundred kilobytes. */
const kLinesAtOnce = 4096;

export interface ProvisionalTable {
  readonly output: string;
  readonly header: readonly string[];
  readonly rows: readonly RunRow[];
  readonly columns: ColumnOptions;
  readonly model: Model;
  /** Of a row that the journal has a score of; null: it has none. */
  readonly scored: (row: RunRow) => SummaryRow | null;
  readonly fallback: RowFallback;
  readonly clock: Clock;
  readonly fs: FileSystem;
  /** Throws where the run may not write any more. */
  readonly guard: () => Promise<void>;
  /** Told once, when a table could not be replaced: the run is to end. */
  readonly onFailure: (error: unknown) => void;
}

/** Throws INVALID_OPTION where nothing stands in for a row. */
export function requireFallbacks(rows: readonly RunRow[], fallback: RowFallback): void {
  const bare = rows.find((row) => fallback(row) === null);
  if (bare === undefined) return;
  const found = `${optionMark('provisional')} was given, but there is no fallback value for the row ${shown(bare.name)}`;
  const advice = `pass ${optionMark('fallback')}, or leave ${optionMark('provisional')} out`;
  throw new MicrotomeError('INVALID_OPTION', 'options', found, { advice });
}

export class ProvisionalOutput {
  private readonly lines: string[] = [];
  private nextMs = 0;
  private isStale = false;
  private isOver = false;
  private writing: Promise<void> | null = null;
  private callOff: (() => void) | null = null;

  private constructor(private readonly table: ProvisionalTable) {}

  /** Resolves when the first table is in its place. Throws DISK_FULL, FILE_UNREADABLE and what the guard throws. */
  static async begin(table: ProvisionalTable): Promise<ProvisionalOutput> {
    const provisional = new ProvisionalOutput(table);
    const turns = new Turns();
    for (const row of table.rows) {
      provisional.lines.push(provisional.lineOf(table.scored(row) ?? provisional.pending(row)));
      if (turns.isOver) await turns.next();
    }
    await provisional.write();
    return provisional;
  }

  /** The row has its value, and is in the journal. Throws OUTPUT_NOT_FINITE naming it. */
  done(index: number, row: SummaryRow): void {
    this.lines[index] = this.lineOf(row);
    this.isStale = true;
    this.schedule();
  }

  /** The finished table follows: nothing is written any more once this has resolved. */
  async end(): Promise<void> {
    this.isOver = true;
    this.callOff?.();
    this.callOff = null;
    await this.writing;
  }

  /** The run ends without a finished table: the last provisional one has every score there is. */
  async leave(): Promise<void> {
    await this.end();
    if (this.isStale) await this.write();
  }

  private schedule(): void {
    if (this.isOver || !this.isStale || this.writing !== null || this.callOff !== null) return;
    const { clock } = this.table;
    const waitMs = this.nextMs - clock.nowMs();
    if (waitMs <= 0) this.start();
    else {
      this.callOff = clock.after(waitMs, () => {
        this.callOff = null;
        this.start();
      });
    }
  }

  private start(): void {
    this.writing = this.write().then(
      () => {
        this.writing = null;
        this.schedule();
      },
      (error: unknown) => {
        this.writing = null;
        this.isOver = true;
        this.table.onFailure(error);
      },
    );
  }

  private async write(): Promise<void> {
    const { output, fs, guard, clock } = this.table;
    const beganMs = clock.nowMs();
    // What changes from here on may be in this table or not, so it is in the next one.
    this.isStale = false;
    await writeWhole(output, this.pieces(), fs, guard, asideOf(output));
    const endMs = clock.nowMs();
    this.nextMs = endMs + Math.max(kMinIntervalMs, kTimesItsOwn * (endMs - beganMs));
  }

  private async *pieces(): AsyncGenerator<string, void, undefined> {
    yield headerLine(this.table.header);
    for (let from = 0; from < this.lines.length; from += kLinesAtOnce) {
      yield this.lines.slice(from, from + kLinesAtOnce).join('');
    }
  }

  private pending(row: RunRow): WrittenRow {
    const { model, fallback } = this.table;
    const fallbacks = fallbacksOf(model, row);
    const more = fallbacks === undefined ? {} : { fallbacks };
    return { name: row.name, score: fallback(row), source: 'pending', error: null, ...more };
  }

  private lineOf(row: WrittenRow): string {
    const { columns, model } = this.table;
    const more = furtherCells(row, columns, model);
    return rowLine({ name: row.name, value: row.score, more }, model.outputs[0]?.clip ?? null);
  }
}
