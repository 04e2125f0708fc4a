/** microtome model repository: a bundle as a model of a repository of Triton. */
import { mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathOf } from '../../core/file-url.js';
import { MicrotomeError } from '../../index.js';
import { digestOf } from '../../pipeline/index.js';
import { writeModelRepository, type RepositoryOptions } from '../../serve/index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { onePositional } from '../positionals.js';
import { printable } from '../text.js';

export const modelRepositorySpec: CommandSpec = {
  name: 'model repository',
  positionals: '<bundle|name>',
  summary:
    'Write a bundle as a model of a repository of Triton: NAME/config.pbtxt and NAME/1. microtome serve reads it, too.',
  options: {
    out: { kind: 'text', value: 'DIR', help: 'the repository; it is made where it is not there (required)' },
    name: { kind: 'text', help: 'name of the model (default: the name of the bundle)' },
    keep: { kind: 'flag', help: 'leave a model that is there already, where it is this one' },
    'max-batch-size': { kind: 'integer', value: 'N', help: 'most rows of a batch (default: 32)' },
    'queue-delay': {
      kind: 'integer',
      value: 'N',
      help: 'microseconds that a request waits for others (default: 2000)',
    },
    instances: { kind: 'integer', value: 'N', help: 'copies of the model (default: 1)' },
    'instance-kind': { kind: 'text', choices: ['auto', 'cpu', 'gpu'], help: 'where Triton runs it (default: auto)' },
    'tensor-rt': { kind: 'text', choices: ['FP32', 'FP16'], help: 'have Triton run it with TensorRT (default: not)' },
    json: { kind: 'flag', help: 'print one line of JSON' },
  },
};

export async function modelRepository(args: ParsedArgs, io: CliIo): Promise<number> {
  const bundle = onePositional(args, modelRepositorySpec, 'a bundle');
  const given = {
    name: args.text('name'),
    maxBatchSize: args.number('max-batch-size'),
    queueDelayMicroseconds: args.number('queue-delay'),
    instances: args.number('instances'),
    instanceKind: args.text('instance-kind'),
    tensorRt: args.text('tensor-rt'),
  };
  const told = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const options = { ...told, out: args.required('out') } as RepositoryOptions;
  const written = await writeModelRepository(bundle, options).catch((error: unknown) => {
    if (args.flag('keep') && error instanceof MicrotomeError && error.code === 'OUTPUT_EXISTS')
      return sameModel(bundle, options, error);
    throw error;
  });
  for (const note of written.notes) io.stderr.write(`note: ${printable(note)}\n`);
  if (args.flag('json')) io.stdout.write(`${JSON.stringify(written)}\n`);
  else io.stdout.write(`wrote ${printable(written.folder)}\n`);
  return exitCode.ok;
}

/** The model that is there, where it has the files that would be written; else the error. */
async function sameModel(
  bundle: string,
  options: RepositoryOptions,
  error: MicrotomeError,
): Promise<Awaited<ReturnType<typeof writeModelRepository>>> {
  const out = pathOf(options.out);
  const aside = await mkdtemp(join(out, '.compared-'));
  try {
    const written = await writeModelRepository(bundle, { ...options, out: aside });
    const folder = join(out, basename(written.folder));
    if ((await digestOf([written.folder])) !== (await digestOf([folder]))) throw error;
    return { ...written, folder, notes: ['it was there already, with the same files', ...written.notes] };
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}
