/** The options of microtome score: those of a run in the table of options, and those of the terminal. */
import type { DirectoryOptions } from '../../index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { readConfig } from '../config-file.js';
import { fileNaming } from '../naming.js';
import { progressKinds } from '../progress.js';
import { flagSpecs, flagValues, flagsOverFile, nested, optionsIn, type FlatOptions } from '../table-flags.js';
import { UsageError } from '../usage-error.js';

const rows = optionsIn('run');

export const scoreSpec: CommandSpec = {
  name: 'score',
  positionals: '<folder|slide…>',
  summary:
    'Score the slides of folders, or single slides, and write a CSV. Without --out the scores go to stdout. A path may be given as a file: URL.',
  options: {
    ...flagSpecs(rows),
    config: {
      kind: 'text',
      value: 'F.json',
      heading: 'Files',
      help: 'read options from a JSON file (schema/run.schema.json); a flag wins over the file',
    },
    progress: {
      kind: 'text',
      choices: progressKinds,
      heading: 'Results',
      help: 'how to show progress on stderr (default: bar on a terminal, else plain)',
    },
    json: {
      kind: 'flag',
      heading: 'Results',
      help: 'print one line on stdout for each finished slide, after its row is on disk',
    },
  },
  notes: [
    'A slide that fails does not stop the others. Its row holds the value of --fallback, else the fallback value that the',
    'model declares (exit code 3). Where there is neither, no output is written (exit code 1), and the scores of the other',
    'slides are kept for --resume. With --on-error skip the rows of slides that fail are left out (exit code 3).',
    '',
    'With --deadline, the remaining time is shared among the remaining slides. A slide that needs more than its share is',
    'scored from fewer tiles, spread evenly over the tissue. A slide without time for --deadline-min-tiles is not scored:',
    'its row takes the fallback value, with the error DEADLINE (exit code 3).',
  ],
};

/** Only what was given: every default is the library's, and so is every check of a value. Throws UsageError. */
export async function directoryOptions(args: ParsedArgs): Promise<DirectoryOptions> {
  const flags = flagValues(args, rows, scoreSpec.name);
  const config = args.text('config');
  const given = config === undefined ? flags : await withFile(args, flags, config);
  if (!given.has('model')) throw new UsageError('--model is missing', scoreSpec.name);
  const writesFiles = rows.some(({ name, in: places }) => places.includes('files') && given.has(name));
  const needy = writesFiles ? ['resume'] : ['resume', 'overwrite'];
  const needsOutput = needy.find((name) => given.get(name) === true);
  if (needsOutput !== undefined && !given.has('output'))
    throw new UsageError(`--${needsOutput} needs --out`, scoreSpec.name);
  return nested(given) as unknown as DirectoryOptions;
}

async function withFile(args: ParsedArgs, flags: FlatOptions, path: string): Promise<FlatOptions> {
  const file = await readConfig(path, rows, scoreSpec.name);
  args.naming = fileNaming(path, new Set([...file.keys()].filter((name) => !flags.has(name))));
  return flagsOverFile(flags, file, rows);
}
