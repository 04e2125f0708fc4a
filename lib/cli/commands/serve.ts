/** microtome serve: models behind HTTP, until a signal comes. */
import { piecesOf } from '../../core/regular-file.js';
import { pathOf } from '../../core/file-url.js';
import { MicrotomeError, optionTable, type OptionInfo } from '../../index.js';
import {
  createServer,
  readModelRepository,
  type ModelToServe,
  type ServerLimits,
  type ServerOptions,
} from '../../serve/index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { flagSpecs, flagValues, nested } from '../table-flags.js';
import { printable } from '../text.js';
import { UsageError } from '../usage-error.js';

const kOfRun: readonly string[] = ['batchSize', 'reproducible', 'mpp', 'level'];

const rows: readonly OptionInfo[] = optionTable.filter(
  ({ flag, in: places, name }) =>
    flag !== null &&
    (places.includes('runtime') || places.includes('model') || (places.includes('slide') && kOfRun.includes(name))),
);

const limitFlags = {
  'max-body-mib': { kind: 'integer', value: 'N', help: 'MiB of the body of a request (default: 64)' },
  'max-image-pixels': { kind: 'integer', value: 'N', help: 'pixels of an image (default: 100000000)' },
  'max-rows': { kind: 'integer', value: 'N', help: 'images or rows of a request (default: 1024)' },
  'max-requests': { kind: 'integer', value: 'N', help: 'requests that are worked on at once (default: 256)' },
  'max-queue': {
    kind: 'integer',
    value: 'N',
    help: 'requests that wait beyond these; a further one gets 503 (default: 256)',
  },
  'request-timeout': { kind: 'integer', value: 'N', help: 'seconds for a request and its answer (default: 60)' },
  'max-slide-jobs': { kind: 'integer', value: 'N', help: 'jobs over slides that are kept (default: 256)' },
} as const satisfies CommandSpec['options'];

export const serveSpec: CommandSpec = {
  name: 'serve',
  positionals: '',
  summary:
    'Serve models over HTTP by the Open Inference Protocol: images, tensors and slides; health, and metrics for Prometheus.',
  options: {
    model: {
      kind: 'text',
      value: '[NAME=]MODEL',
      isList: true,
      heading: 'Model',
      help: 'a bundle, an .onnx file or a built-in name; may be given several times',
    },
    'tensor-model': {
      kind: 'text',
      value: 'NAME=F.onnx',
      isList: true,
      heading: 'Model',
      help: 'an .onnx file that takes rows of tensors, and nothing else; may be given several times',
    },
    'model-repository': {
      kind: 'text',
      value: 'DIR',
      heading: 'Model',
      help: 'a repository of Triton: each of its models is served',
    },
    port: { kind: 'integer', value: 'N', help: 'port to listen at (default: any free one)' },
    host: { kind: 'text', value: 'ADDRESS', help: 'address to listen at (default: 127.0.0.1, this machine alone)' },
    'token-file': {
      kind: 'text',
      value: 'F',
      help: 'file with the token that requests must have; health is open without it',
    },
    slides: { kind: 'text', value: 'DIR', help: 'folder of the slides that jobs may name' },
    'batch-delay': {
      kind: 'integer',
      value: 'N',
      help: 'milliseconds that a request waits for others to share a batch with (default: 2)',
    },
    'batch-rows': { kind: 'integer', value: 'N', help: 'rows of one batch (default: --batch-size)' },
    ...limitFlags,
    ...flagSpecs(rows),
  },
  notes: [
    'The address is printed on stdout when the server is ready. SIGTERM and SIGINT end it: it refuses new work, finishes',
    'what it accepted (exit code 0), and a second signal ends it at once. Options of a model are for a single --model.',
  ],
};

/** A token is a line of visible characters; this is far more than one needs. */
const kTokenBytes = 8192;

async function tokenIn(given: string): Promise<string> {
  const path = pathOf(given);
  const refuse = (found: string): MicrotomeError =>
    new MicrotomeError('INVALID_OPTION', 'options', `the file of the token is ${found}`, { path });
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of piecesOf(path, { maxBytes: kTokenBytes, refuse })) pieces.push(piece);
  } catch (error) {
    if (error instanceof MicrotomeError) throw error;
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new MicrotomeError('FILE_UNREADABLE', 'options', `the file of the token cannot be read (${code})`, { path });
  }
  return Buffer.concat(pieces).toString('latin1').trim();
}

function named(text: string): { readonly name?: string; readonly path: string } {
  const [, name, path = ''] = /^([A-Za-z0-9_][\w.-]*)=(.+)$/s.exec(text) ?? [];
  return name === undefined ? { path: text } : { name, path };
}

const listOf = (text: string | undefined): readonly string[] => (text === undefined ? [] : text.split(','));

function modelsOf(args: ParsedArgs): readonly ModelToServe[] {
  const described = listOf(args.text('model'));
  const tensors = listOf(args.text('tensor-model'));
  const given = flagValues(args, rows, serveSpec.name);
  const ofModel = rows.find(({ name, in: places }) => places.includes('model') && given.has(name));
  if (ofModel !== undefined && (described.length !== 1 || tensors.length > 0))
    throw new UsageError(`--${ofModel.flag} is for a single --model`, serveSpec.name);
  const options = nested(given);
  const shared = nested(new Map([...given].filter(([name]) => name !== 'mpp' && name !== 'level')));
  return [
    ...described.map((text): ModelToServe => {
      const { name, path } = named(text);
      return { ...options, ...(name === undefined ? {} : { name }), model: path };
    }),
    ...tensors.map((text): ModelToServe => {
      const { name, path } = named(text);
      if (name === undefined) throw new UsageError('--tensor-model is NAME=F.onnx', serveSpec.name);
      return { ...shared, name, tensors: path };
    }),
  ];
}

function limitsOf(args: ParsedArgs): Partial<ServerLimits> {
  const mib = args.number('max-body-mib');
  const seconds = args.number('request-timeout');
  const plain = {
    imagePixels: args.number('max-image-pixels'),
    rows: args.number('max-rows'),
    requests: args.number('max-requests'),
    queue: args.number('max-queue'),
    slideJobs: args.number('max-slide-jobs'),
    bodyBytes: mib === undefined ? undefined : mib * 2 ** 20,
    requestMs: seconds === undefined ? undefined : seconds * 1000,
  };
  return Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined));
}

async function serverOptions(args: ParsedArgs, io: CliIo): Promise<ServerOptions> {
  const tokenFile = args.text('token-file');
  const given = {
    port: args.number('port'),
    host: args.text('host'),
    slides: args.text('slides'),
    batchDelayMs: args.number('batch-delay'),
    batchRows: args.number('batch-rows'),
    token: tokenFile === undefined ? undefined : await tokenIn(tokenFile),
  };
  return {
    ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<ServerOptions>),
    models: modelsOf(args),
    limits: limitsOf(args),
    signal: io.signal,
    onError: (error) =>
      io.stderr.write(`error: ${printable(error instanceof Error ? error.message : String(error))}\n`),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

export async function serve(args: ParsedArgs, io: CliIo): Promise<number> {
  const [extra] = args.positionals;
  if (extra !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(extra)}`, serveSpec.name);
  const options = await serverOptions(args, io);
  const repository = args.text('model-repository');
  const found = repository === undefined ? { models: [], notes: [] } : await readModelRepository(repository);
  for (const note of found.notes) io.stderr.write(`${printable(note)}\n`);
  const models = [...options.models, ...found.models];
  if (models.length === 0) throw new UsageError('--model is missing', serveSpec.name);
  const server = await createServer({ ...options, models });
  // From here on a signal lets the server finish, and nobody has to read what it prints.
  io.finishesOnSignal = true;
  io.writesFile = true;
  for (const note of server.notes) io.stderr.write(`${printable(note)}\n`);
  if (options.token === undefined && !/^http:\/\/(?:127\.|\[::1\])/.test(server.url))
    io.stderr.write('warning: anybody who reaches this address may use the server: pass --token-file\n');
  io.stdout.write(`${server.url}\n`);
  await aborted(io.signal);
  io.stderr.write('stopping: what was accepted is finished; another signal ends it at once\n');
  await server.close();
  return exitCode.ok;
}
