/** microtome pipeline digest and index: programs of the steps of a pipeline. */
import { createHash } from 'node:crypto';
import { pathOf } from '../../../core/file-url.js';
import { writeFile } from 'node:fs/promises';
import { MicrotomeError, writeImageIndex } from '../../../index.js';
import { digestOf } from '../../../pipeline/index.js';
import type { CommandSpec, ParsedArgs } from '../../args.js';
import { exitCode } from '../../exit-codes.js';
import type { CliIo } from '../../io.js';
import { onePositional } from '../../positionals.js';
import { UsageError } from '../../usage-error.js';

export const digestSpec: CommandSpec = {
  name: 'pipeline digest',
  positionals: '<file|folder…>',
  summary: 'Show the SHA-256 of files and of all files in folders, by their names and bytes.',
  options: {
    expect: { kind: 'text', value: 'SHA256', help: 'what it must be, or any (default: any)' },
    with: {
      kind: 'text',
      value: 'NAME=VALUE',
      isList: true,
      separator: '\n',
      help: 'counts for --key-to; may be given several times',
    },
    to: { kind: 'text', value: 'F', help: 'write the digest into this file as well' },
    'key-to': { kind: 'text', value: 'F', help: 'write 12 digits that stand for the digest and every --with' },
  },
};

export async function digest(args: ParsedArgs, io: CliIo): Promise<number> {
  if (args.positionals.length === 0) throw new UsageError('a file or a folder is missing', digestSpec.name);
  const found = await digestOf(args.positionals.map(pathOf), io.signal);
  const expected = args.text('expect') ?? 'any';
  if (expected !== 'any' && expected !== found)
    throw new MicrotomeError('INVALID_OPTION', 'options', `the digest is ${found}, expected ${expected}`, {
      advice: 'check which files are there, or pass their digest',
    });
  const [to, keyTo] = [args.text('to'), args.text('key-to')];
  if (to !== undefined) await writeFile(pathOf(to), found);
  if (keyTo !== undefined) await writeFile(pathOf(keyTo), keyOf(found, args.texts('with')));
  io.stdout.write(`${found}\n`);
  return exitCode.ok;
}

function keyOf(found: string, withs: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([found, withs]))
    .digest('hex')
    .slice(0, 12);
}

export const indexSpec: CommandSpec = {
  name: 'pipeline index',
  positionals: '<images.hdf5>',
  summary: 'Write where each image of an HDF5 file is, as the training reads it.',
  options: { to: { kind: 'text', value: 'F.json', help: 'the file to write (required)' } },
};

export async function index(args: ParsedArgs, io: CliIo): Promise<number> {
  const { images, notImages } = await writeImageIndex(
    onePositional(args, indexSpec, 'a file of images'),
    args.required('to'),
  );
  io.stdout.write(`${images} images, ${notImages} other entries\n`);
  return exitCode.ok;
}
