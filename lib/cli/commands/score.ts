/** microtome score: a folder or single slides, to a table, to JSON lines or to a submission. */
import { pathOf } from '../../core/file-url.js';
import {
  messageWith,
  MicrotomeError,
  type DirectorySummary,
  type Model,
  type NotRead,
  type OptionNaming,
  type SlideOutcome,
} from '../../index.js';
import type { ParsedArgs } from '../args.js';
import { exitCode, exitCodeOf } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { outcomeJson, outcomeLine, resumeLines, summaryLine } from '../outcome.js';
import { progressView, type ProgressKind, type ProgressView } from '../progress.js';
import { Failure } from '../failure.js';
import { printable } from '../text.js';
import { UsageError } from '../usage-error.js';
import { clinicalNotice } from './model.js';
import { directoryOptions, scoreSpec } from './score-options.js';

export { scoreSpec };

export async function score(args: ParsedArgs, io: CliIo): Promise<number> {
  const options = await directoryOptions(args);
  const out = options.output === undefined ? undefined : pathOf(options.output);
  io.writesFile = out !== undefined;
  const slides = slidesOf(args);
  const view = progressView(args.text('progress') as ProgressKind | undefined, io.stderr);
  const run = io.library.scoreDirectory(slides, {
    ...options,
    signal: io.signal,
    onProgress: view.update,
    onNotRead: (notRead) => tellNotRead(notRead, view),
    onModel(model) {
      const notice = clinicalNotice(model);
      if (notice !== null) view.note(`model ${printable(model.name)}: ${notice}`);
      const fallback = fallbackNotice(model, options.fallback);
      if (fallback !== null) view.note(fallback);
    },
  });
  let finished = 0;
  try {
    for await (const outcome of run) {
      ++finished;
      tell(outcome, { io, view, naming: args.naming, asJson: args.flag('json'), asTable: out === undefined });
    }
    const summary = await run.done;
    view.end();
    for (const line of resumeLines(summary, args.naming)) view.note(line);
    view.note(summaryLine(summary));
    return codeOf(summary);
  } catch (error) {
    view.end();
    if (io.signal.aborted) throw error;
    if (out !== undefined && finished > 0) {
      view.note(`no output was written; the scores so far are in ${printable(out)}.journal${continuation(error)}`);
    }
    throw new Failure(error, exitCodeOf(error, finished > 0), args.naming);
  }
}

/** The user's value goes before the model's; that it differs is said. */
function fallbackNotice(model: Model, given: number | undefined): string | null {
  const declared = model.outputs[0]?.fallback ?? null;
  if (given === undefined || declared === null || declared === given) return null;
  return `fallback value: ${given}, as --fallback says; the model declares ${declared}`;
}

/** What goes on with a run that has no output; only the other run can where the lock was lost. */
function continuation(error: unknown): string {
  if (error instanceof MicrotomeError && error.code === 'OUTPUT_LOCKED') return '';
  return ', continue with --resume';
}

const kMostNotRead = 20;

/** One line for each, and no more than fit on a screen. */
function tellNotRead(notRead: readonly NotRead[], view: ProgressView): void {
  for (const { path, reason } of notRead.slice(0, kMostNotRead)) view.note(`not read: ${printable(path)}: ${reason}`);
  if (notRead.length > kMostNotRead) view.note(`not read: and ${notRead.length - kMostNotRead} more`);
}

interface Telling {
  readonly io: CliIo;
  readonly view: ProgressView;
  readonly naming: OptionNaming;
  readonly asJson: boolean;
  readonly asTable: boolean;
}

function tell(outcome: SlideOutcome, { io, view, naming, asJson, asTable }: Telling): void {
  if (!outcome.ok) {
    const { path, error } = outcome;
    view.note(`failed: ${printable(path)}: ${error.code}: ${printable(messageWith(error, naming))}`);
  } else if (outcome.result.read.sampled?.reason === 'deadline') {
    const { path, read } = outcome.result;
    view.note(`short of time: ${printable(path)}: ${read.sampled?.tiles} of ${read.sampled?.of} tiles`);
  }
  if (asJson) io.stdout.write(`${JSON.stringify(outcomeJson(outcome, naming))}\n`);
  else if (asTable) io.stdout.write(outcomeLine(outcome));
}

function codeOf(summary: DirectorySummary): number {
  const { failed, fallback, missing, skipped } = summary.counts;
  if (failed > 0) return exitCode.internal;
  if (skipped > 0) return exitCode.fallback;
  // Without an output there is no row that the fallback could stand in.
  if (fallback + missing > 0) return summary.output === null ? exitCode.internal : exitCode.fallback;
  return exitCode.ok;
}

/** Slides and folders; the library says what is wrong with a path. */
function slidesOf(args: ParsedArgs): readonly string[] {
  const paths = args.positionals;
  if (paths.length === 0) throw new UsageError('a folder or a slide is missing', scoreSpec.name);
  const images = paths.find((path) => /\.(hdf5|h5)$/i.test(path));
  if (images !== undefined) {
    throw new UsageError(
      `${JSON.stringify(images)}: this version scores slides, not HDF5 files of images`,
      scoreSpec.name,
    );
  }
  return paths;
}
