/** microtome score: a folder or single slides, to a table, to JSON lines or to a submission. */
import { messageWithoutPath } from '../../core/errors.js';
import { pathOf } from '../../core/file-url.js';
import {
  MicrotomeError,
  type DirectoryOptions,
  type DirectorySummary,
  type Model,
  type NotRead,
  type OptionNaming,
  type SlideOutcome,
  type SlideResult,
} from '../../index.js';
import type { ParsedArgs } from '../args.js';
import { deviceLine, isTelling } from '../device-line.js';
import { assumptionLine } from '../assumptions.js';
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
    onDevice: (use) => {
      if (isTelling(use)) view.say(deviceLine(use));
    },
    onModel(model) {
      const notice = clinicalNotice(model);
      if (notice !== null) view.note(`model ${printable(model.name)}: ${notice}`);
      const fallback = fallbackNotice(model, options.fallback);
      if (fallback !== null) view.note(fallback);
      const assumed = assumptionLine(model, options, args.naming);
      if (assumed !== null) view.say(assumed);
      for (const warning of model.warnings) view.say(`warning: model ${printable(model.name)}: ${printable(warning)}`);
    },
  });
  let finished = 0;
  const failures = new Set<unknown>();
  try {
    for await (const outcome of run) {
      ++finished;
      if (!outcome.ok) failures.add(outcome.error);
      tell(outcome, { io, view, naming: args.naming, asJson: args.flag('json'), asTable: out === undefined });
    }
    const summary = await run.done;
    view.end();
    for (const line of resumeLines(summary, args.naming)) view.note(line);
    view.note(summaryLine(summary));
    return codeOf(summary);
  } catch (error) {
    view.end();
    if (out !== undefined && finished > 0 && (options.provisional === true || !io.signal.aborted)) {
      const goOn = failures.has(error) ? continuation(options) : plainContinuation(error);
      view.note(`${whatStands(options, out)}; the scores so far are in ${printable(out)}.journal${goOn}`);
    }
    if (io.signal.aborted) throw error;
    throw new Failure(error, exitCodeOf(error, finished > 0), args.naming);
  }
}

/** The user's value goes before the model's; that it differs is said. */
function fallbackNotice(model: Model, given: number | undefined): string | null {
  const declared = model.outputs[0]?.fallback ?? null;
  if (given === undefined || declared === null || declared === given) return null;
  return `fallback value: ${given}, as --fallback says; the model declares ${declared}`;
}

function whatStands({ provisional }: DirectoryOptions, out: string): string {
  if (provisional !== true) return 'no output was written';
  return `${printable(out)} is provisional: a slide that was not scored has the fallback value`;
}

/** How a run goes on that has no output because slides failed. */
function continuation({ format, onError }: DirectoryOptions): string {
  const standIn = onError === 'error' ? '--on-error fallback' : '--fallback N';
  const ways = format === undefined ? `${standIn} or --on-error skip` : standIn;
  return `; repair or remove the slides that failed, or pass ${ways}, and continue with --resume`;
}

/** Where the lock was lost, the journal is the other run's. */
function plainContinuation(error: unknown): string {
  const isLost = error instanceof MicrotomeError && error.code === 'OUTPUT_LOCKED';
  return isLost ? '' : ', continue with --resume';
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
    view.note(`failed: ${printable(path)}: ${error.code}: ${printable(messageWithoutPath(error, naming))}`);
  } else {
    for (const line of limitsOf(outcome.result)) view.note(line);
  }
  if (asJson) io.stdout.write(`${JSON.stringify(outcomeJson(outcome, naming))}\n`);
  else if (asTable) io.stdout.write(outcomeLine(outcome));
}

/** What a score is less than it seems to be. */
function limitsOf({ path, read, clipped, unclipped, clip }: SlideResult): readonly string[] {
  const sampled = read?.sampled ?? null;
  const lines: string[] = [];
  if (sampled?.reason === 'deadline')
    lines.push(`short of time: ${printable(path)}: ${sampled.tiles} of ${sampled.of} tiles`);
  if (clipped) lines.push(`clipped: ${printable(path)}: the score ${unclipped} was held to [${clip?.join(', ')}]`);
  return lines;
}

function codeOf(summary: DirectorySummary): number {
  const { failed, fallback, missing, skipped } = summary.counts;
  // With an output: rows without a value, which the status column tells.
  if (failed > 0) return summary.output === null ? exitCode.internal : exitCode.fallback;
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
