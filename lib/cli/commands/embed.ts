/** microtome embed: features of the tiles of slides, one HDF5 file for each slide. */
import { messageWith, messageWithoutPath } from '../../core/errors.js';
import {
  optionTable,
  scoreOnlyOptions,
  type EmbedDirectoryOptions,
  type EmbedOutcome,
  type EmbedSummary,
  type OptionInfo,
  type OptionNaming,
} from '../../index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { deviceLine, isTelling } from '../device-line.js';
import { exitCode, exitCodeOf } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { Failure } from '../failure.js';
import { progressKinds, progressView, type ProgressKind, type ProgressView } from '../progress.js';
import { flagSpecs, flagValues, nested } from '../table-flags.js';
import { clock, printable } from '../text.js';
import { UsageError } from '../usage-error.js';
import { clinicalNotice } from './model.js';

/** What two options of scoring mean here. */
const otherDocs: Readonly<Record<string, Partial<OptionInfo>>> = {
  output: {
    doc: 'Folder for the files of features; it is made where it is not there.',
    defaultText: null,
    valueName: 'DIR',
  },
  resume: { doc: 'Keep the files that are there, where this run would write the same; refuse others.' },
  overwrite: { doc: 'Replace the files that are there.' },
  onError: {
    doc: 'How the command ends if slides failed: exit code 3, or the error of the first.',
    kind: { type: 'choice', values: ['error', 'skip'] },
    defaultText: 'skip',
  },
};

const rows: readonly OptionInfo[] = optionTable
  .filter((row) => (row.in.includes('run') || row.in.includes('embed')) && row.flag !== null)
  .filter((row) => !scoreOnlyOptions.includes(row.name.split('.')[0] ?? ''))
  .map((row) => ({ ...row, ...otherDocs[row.name] }));

export const embedSpec: CommandSpec = {
  name: 'embed',
  positionals: '<folder|slide…>',
  summary:
    'Write the features of each tile, and where it is, to an HDF5 file for each slide, in the layout that TRIDENT and CLAM read.',
  options: {
    ...flagSpecs(rows),
    progress: {
      kind: 'text',
      choices: progressKinds,
      heading: 'Results',
      help: 'how to show progress on stderr (default: bar on a terminal, else plain)',
    },
    json: { kind: 'flag', heading: 'Results', help: 'print one line on stdout for each finished slide' },
  },
  notes: [
    'A slide that fails does not stop the others (exit code 3). --resume embeds only the slides that have no file yet; it',
    'refuses to go on where a file was made with another model, other options or other libraries, and says what differs.',
  ],
};

export async function embed(args: ParsedArgs, io: CliIo): Promise<number> {
  const given = flagValues(args, rows, embedSpec.name);
  for (const name of ['model', 'output'])
    if (!given.has(name)) throw new UsageError(`--${name === 'output' ? 'out' : name} is missing`, embedSpec.name);
  if (args.positionals.length === 0) throw new UsageError('a folder or a slide is missing', embedSpec.name);
  const options = nested(given) as unknown as EmbedDirectoryOptions;
  io.writesFile = true;
  const view = progressView(args.text('progress') as ProgressKind | undefined, io.stderr);
  const run = io.library.embedDirectory(args.positionals, {
    ...options,
    signal: io.signal,
    onProgress: view.update,
    onNotRead: (notRead) => {
      for (const { path, reason } of notRead.slice(0, 20)) view.note(`not read: ${printable(path)}: ${reason}`);
    },
    onDevice: (use) => {
      if (isTelling(use)) view.say(deviceLine(use));
    },
    onModel(model) {
      const notice = clinicalNotice(model);
      if (notice !== null) view.note(`model ${printable(model.name)}: ${notice}`);
    },
  });
  let finished = 0;
  try {
    for await (const outcome of run) {
      ++finished;
      tell(outcome, io, view, args.naming, args.flag('json'));
    }
    const summary = await run.done;
    view.end();
    view.note(summaryLine(summary));
    return summary.counts.failed > 0 ? exitCode.fallback : exitCode.ok;
  } catch (error) {
    view.end();
    if (io.signal.aborted) throw error;
    throw new Failure(error, exitCodeOf(error, finished > 0), args.naming);
  }
}

function tell(outcome: EmbedOutcome, io: CliIo, view: ProgressView, naming: OptionNaming, asJson: boolean): void {
  if (!outcome.ok) {
    const { path, error } = outcome;
    view.note(`failed: ${printable(path)}: ${error.code}: ${printable(messageWithoutPath(error, naming))}`);
  }
  if (asJson) io.stdout.write(`${JSON.stringify(outcomeJson(outcome, naming))}\n`);
  else if (outcome.ok) io.stdout.write(`${outcome.result.tiles}\t${printable(outcome.result.output)}\n`);
}

function outcomeJson(outcome: EmbedOutcome, naming: OptionNaming): object {
  if (outcome.ok) return { ok: true, ...outcome.result };
  const { path, error } = outcome;
  const { code, stage } = error;
  return { ok: false, path, error: { code, stage, message: messageWith(error, naming) } };
}

function summaryLine({ output, counts, tiles, elapsedMs }: EmbedSummary): string {
  const parts = [`${counts.embedded} embedded`];
  if (counts.resumed > 0) parts.push(`${counts.resumed} there already`);
  if (counts.failed > 0) parts.push(`${counts.failed} failed`);
  return `${printable(output)}: ${[...parts, `${tiles} tiles`, clock(elapsedMs)].join(', ')}`;
}
