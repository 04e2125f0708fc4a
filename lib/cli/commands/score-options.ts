/** The options of microtome score: those of runs in the table of options, and those of the terminal. */
import { shownPath } from '../../core/remote-address.js';
import type { DirectoryOptions, ImageOptions } from '../../index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { readConfig } from '../config-file.js';
import { fileNaming } from '../naming.js';
import { progressKinds } from '../progress.js';
import { flagSpecs, flagValues, flagsOverFile, nested, optionsIn, type FlatOptions } from '../table-flags.js';
import { UsageError } from '../usage-error.js';

const rows = optionsIn(['run', 'images']);

/** The value may also be told by the engine that starts the shards. */
const shardFlags = Object.fromEntries(
  Object.entries(flagSpecs(optionsIn('shard'))).map(([name, spec]) => [
    name,
    { ...spec, kind: 'text' as const, help: `${spec.help}; auto: as the environment says` },
  ]),
);

export const scoreSpec: CommandSpec = {
  name: 'score',
  positionals: '<folder|slide…|images.hdf5|s3://…|https://…>',
  summary:
    'Score the slides of folders, or single slides, or lesion images, and write a CSV. Without --out the scores go to stdout. A path may be given as a file: URL, or be an s3:// or https:// address.',
  options: {
    ...flagSpecs(rows),
    ...shardFlags,
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
    images: {
      kind: 'flag',
      heading: 'Files',
      help: 'the folders hold lesion images (JPEG, PNG), not slides',
    },
    json: {
      kind: 'flag',
      heading: 'Results',
      help: 'print one line on stdout for each finished slide or image, after its row is on disk',
    },
  },
  notes: [
    'A path that ends in .hdf5, .h5, .jpg, .jpeg or .png is one of lesion images, and any other path one of slides. With',
    '--images every path is one of images: say so for a folder of them. The two are not scored in one run. The columns of',
    'images are isic_id and target; a row names an image without the ending of its file.',
    '',
    'A slide that fails does not stop the others. Its row holds the value of --fallback, else the fallback value that the',
    'model declares (exit code 3). Where there is neither, no output is written (exit code 1), and the scores of the other',
    'slides are kept for --resume. With --on-error skip the rows of slides that fail are left out (exit code 3).',
    '',
    'With --shard-index and --shard-count, --out is a folder that all shards share, and microtome merge makes the table of it.',
    'A part that was interrupted goes on where it was left. auto reads MICROTOME_SHARD_INDEX, or what Kubernetes, Slurm and',
    'AWS Batch set; MICROTOME_SHARD_COUNT, or what Slurm sets. Exit codes of a shard: 0 its part is there, also with rows that',
    'failed (merge tells them); 2 and 4 wrong for all shards; 5 wrong for this one; 75 and 1 try again.',
    '',
    'With --deadline, the remaining time is shared among the remaining slides. A slide that needs more than its share is',
    'scored from fewer tiles, spread evenly over the tissue. A slide without time for --deadline-min-tiles is not scored:',
    'its row takes the fallback value, with the error DEADLINE (exit code 3).',
  ],
};

/** What the paths of a command line name. */
export type ScoredKind = 'slides' | 'images';

const kImagePath = /\.(?:hdf5|h5|jpe?g|png)$/i;

/** The rule is in the notes above. Throws UsageError. */
export function kindOfPaths(paths: readonly string[], saysImages: boolean): ScoredKind {
  const isImage = (path: string): boolean => kImagePath.test(shownPath(path));
  const image = paths.find(isImage);
  if (saysImages || image === undefined) return saysImages ? 'images' : 'slides';
  const other = paths.find((path) => !isImage(path));
  if (other === undefined) return 'images';
  throw new UsageError(
    `${JSON.stringify(shownPath(image))} is taken for images, and ${JSON.stringify(shownPath(other))} for slides; score them apart, or pass --images where all are images`,
    scoreSpec.name,
  );
}

/** Only what was given: every default is the library's, and so is every check of a value. Throws UsageError. */
export async function directoryOptions(args: ParsedArgs): Promise<DirectoryOptions> {
  const given = await givenOptions(args, 'slides');
  const writesFiles = rows.some(({ name, in: places }) => places.includes('files') && given.has(name));
  const needy = writesFiles ? ['resume'] : ['resume', 'overwrite'];
  requireOutput(given, needy);
  return nested(given) as unknown as DirectoryOptions;
}

/** As above, of images. */
export async function imageOptions(args: ParsedArgs): Promise<ImageOptions> {
  const given = await givenOptions(args, 'images');
  requireOutput(given, given.has('runRecord') ? ['resume'] : ['resume', 'overwrite']);
  return nested(given) as unknown as ImageOptions;
}

async function givenOptions(args: ParsedArgs, kind: ScoredKind): Promise<FlatOptions> {
  const flags = flagValues(args, rows, scoreSpec.name);
  const config = args.text('config');
  const given = config === undefined ? flags : await withFile(args, flags, config);
  if (!given.has('model')) throw new UsageError('--model is missing', scoreSpec.name);
  const place = kind === 'slides' ? 'run' : 'images';
  const foreign = rows.find(({ name, in: places }) => given.has(name) && !places.includes(place));
  if (foreign !== undefined) {
    const other = kind === 'slides' ? 'images; for a folder of them, pass --images' : 'slides, and images were given';
    throw new UsageError(`${args.naming(foreign.name, null)} is for ${other}`, scoreSpec.name);
  }
  return given;
}

function requireOutput(given: FlatOptions, needy: readonly string[]): void {
  const needsOutput = needy.find((name) => given.get(name) === true);
  if (needsOutput !== undefined && !given.has('output'))
    throw new UsageError(`--${needsOutput} needs --out`, scoreSpec.name);
}

async function withFile(args: ParsedArgs, flags: FlatOptions, path: string): Promise<FlatOptions> {
  const file = await readConfig(path, rows, scoreSpec.name);
  args.naming = fileNaming(path, new Set([...file.keys()].filter((name) => !flags.has(name))));
  return flagsOverFile(flags, file, rows);
}
