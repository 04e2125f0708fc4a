/** microtome score: a folder or single slides, to a table, to JSON lines or to a submission. */
import { stat } from 'node:fs/promises';
import { MicrotomeError } from '../../core/errors.js';
import type { ScorerOptions } from '../../options/types.js';
import type { SlideOutcome } from '../../scoring/result.js';
import { startRun } from '../../runs/directory-run.js';
import { ioFailure } from '../../runs/failure.js';
import type { RunSource } from '../../runs/prepare.js';
import type { RowScorer } from '../../runs/score-rows.js';
import type { DirectorySummary } from '../../runs/types.js';
import type { ParsedArgs } from '../args.js';
import { exitCode, exitCodeOf } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { outcomeJson, outcomeLine, summaryLine } from '../outcome.js';
import { progressView, type ProgressKind, type ProgressView } from '../progress.js';
import { Failure } from '../failure.js';
import { printable } from '../text.js';
import { UsageError } from '../usage-error.js';
import { clinicalNotice } from './model.js';
import { directoryOptions, scoreSpec } from './score-options.js';

export async function score(args: ParsedArgs, io: CliIo): Promise<number> {
  const options = directoryOptions(args);
  const source = await sourceOf(args);
  const view = progressView(args.text('progress') as ProgressKind | undefined, io.stderr);
  const state = { modelRefused: false, finished: 0 };
  const createScorer = (given: ScorerOptions): Promise<RowScorer> => madeScorer(io, given, view, state);
  const run = startRun(source, { ...options, signal: io.signal, onProgress: view.update }, { createScorer });
  try {
    for await (const outcome of run) {
      ++state.finished;
      tell(args, io, view, outcome);
    }
    const summary = await run.done;
    view.end();
    view.note(summaryLine(summary));
    return codeOf(summary);
  } catch (error) {
    view.end();
    if (io.signal.aborted) throw error;
    const out = args.text('out');
    if (out !== undefined && state.finished > 0) {
      view.note(`no output was written; the scores so far are in ${printable(out)}.journal, go on with --resume`);
    }
    // A model that is not there is a matter of the command line, not of an input.
    throw new Failure(error, state.modelRefused ? exitCode.usage : exitCodeOf(error, state.finished > 0));
  }
}

async function madeScorer(
  io: CliIo,
  options: ScorerOptions,
  view: ProgressView,
  state: { modelRefused: boolean },
): Promise<RowScorer> {
  try {
    const scorer = await io.library.createScorer(options);
    const notice = clinicalNotice(scorer.model);
    if (notice !== null) view.note(`model ${printable(scorer.model.name)}: ${notice}`);
    return scorer;
  } catch (error) {
    const code = error instanceof MicrotomeError ? error.code : null;
    state.modelRefused = code === 'FILE_NOT_FOUND' || code === 'FILE_UNREADABLE';
    throw error;
  }
}

function tell(args: ParsedArgs, io: CliIo, view: ProgressView, outcome: SlideOutcome): void {
  if (!outcome.ok)
    view.note(`failed: ${printable(outcome.path)}: ${outcome.error.code}: ${printable(outcome.error.message)}`);
  else if (outcome.result.read.sampled?.reason === 'deadline') {
    const { path, read } = outcome.result;
    view.note(`short of time: ${printable(path)}: ${read.sampled?.tiles} of ${read.sampled?.of} tiles`);
  }
  if (args.flag('json')) io.stdout.write(`${JSON.stringify(outcomeJson(outcome))}\n`);
  else if (args.text('out') === undefined) io.stdout.write(outcomeLine(outcome));
}

function codeOf(summary: DirectorySummary): number {
  const { failed, fallback, missing } = summary.counts;
  if (failed > 0) return exitCode.internal;
  // Without an output there is no row that the fallback could stand in.
  if (fallback + missing > 0) return summary.output === null ? exitCode.internal : exitCode.fallback;
  return exitCode.ok;
}

async function sourceOf(args: ParsedArgs): Promise<RunSource> {
  const paths = args.positionals;
  const [first] = paths;
  if (first === undefined) throw new UsageError('a folder or a slide is missing', scoreSpec.name);
  for (const path of paths) {
    if (/\.(hdf5|h5)$/i.test(path)) {
      throw new UsageError(
        `${JSON.stringify(path)}: this version scores slides, not HDF5 files of images`,
        scoreSpec.name,
      );
    }
    const isFolder = await stat(path).then(
      (found) => found.isDirectory(),
      (error: unknown) => {
        throw ioFailure(error, 'open', path);
      },
    );
    if (isFolder && paths.length > 1)
      throw new UsageError('one folder, or slides: not both, and not several folders', scoreSpec.name);
    if (isFolder) return { kind: 'folder', dir: path };
  }
  return { kind: 'files', paths };
}
