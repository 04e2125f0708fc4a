/** Files that the commands of pipelines read. */
import { fromFileSystem, MicrotomeError } from '../../../core/errors.js';
import { pathOf } from '../../../core/file-url.js';
import { piecesOf } from '../../../core/regular-file.js';
import { parameterFromText, parsePipeline, type PipelineIr } from '../../../pipeline/index.js';
import type { ParsedArgs } from '../../args.js';
import { UsageError } from '../../usage-error.js';

const mostBytes = 8 * 2 ** 20;

/** The text of a file that a user named. Throws FILE_NOT_FOUND, FILE_UNREADABLE, INVALID_OPTION. */
export async function textOf(given: string, what: string): Promise<string> {
  const path = pathOf(given);
  const refuse = (found: string): MicrotomeError =>
    new MicrotomeError('INVALID_OPTION', 'options', `${what} ${path} is ${found}`, { path });
  try {
    const pieces: Uint8Array[] = [];
    for await (const piece of piecesOf(path, { maxBytes: mostBytes, refuse })) pieces.push(piece);
    return Buffer.concat(pieces).toString('utf8');
  } catch (error) {
    throw fromFileSystem(error, 'options', path, what);
  }
}

export async function jsonOf(path: string, what: string): Promise<unknown> {
  const text = await textOf(path, what);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new MicrotomeError('INVALID_OPTION', 'options', `${what} ${path} is no JSON`, { path, cause });
  }
}

export async function pipelineOf(path: string): Promise<PipelineIr> {
  return parsePipeline(await textOf(path, 'the pipeline'), path);
}

/** `--params FILE` and `--param NAME=VALUE`, which comes after it. */
export async function parametersOf(
  args: ParsedArgs,
  pipeline: PipelineIr,
  command: string,
): Promise<Record<string, unknown>> {
  const file = args.text('params');
  const given = file === undefined ? {} : await jsonOf(file, 'the file of parameters');
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new UsageError(`${file} has no object of parameters`, command);
  const parameters = { ...(given as Record<string, unknown>) };
  for (const text of args.texts('param')) {
    const [, name, value = ''] = /^([A-Za-z][\w-]*)=(.*)$/s.exec(text) ?? [];
    if (name === undefined) throw new UsageError(`--param is ${JSON.stringify(text)}, expected NAME=VALUE`, command);
    parameters[name] = parameterFromText(pipeline, name, value);
  }
  return parameters;
}

export const parameterFlags = {
  params: { kind: 'text', value: 'F.json', help: 'file with values of parameters' },
  param: {
    kind: 'text',
    value: 'NAME=VALUE',
    isList: true,
    // Values may hold commas.
    separator: '\n',
    help: 'value of a parameter; may be given several times',
  },
} as const;
