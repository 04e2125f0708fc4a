/** microtome manifest secret: how a pod names a Secret. Never its values. */
import { stringify } from 'yaml';
import { secretReference } from '../../kube/index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { noPositional } from '../positionals.js';
import { UsageError } from '../usage-error.js';
import { pairs } from './manifest-flags.js';

export const manifestSecretSpec: CommandSpec = {
  name: 'manifest secret',
  positionals: '',
  summary:
    'Print the variables of a container that take their values from a Secret, and on stderr the command that makes the Secret. No value is taken or printed.',
  options: {
    secret: { kind: 'text', value: 'NAME', help: 'name of the Secret (required)' },
    env: {
      kind: 'text',
      isList: true,
      separator: '\n',
      value: 'NAME=KEY',
      help: 'a variable and the key of its value in the Secret; may be given again (required)',
    },
  },
  notes: ['The other manifests take the same as --secret-env NAME=SECRET/KEY.'],
};

export async function manifestSecret(args: ParsedArgs, io: CliIo): Promise<number> {
  noPositional(args, manifestSecretSpec);
  const secret = args.required('secret');
  const keys = pairs(args, 'env', manifestSecretSpec.name);
  if (keys === undefined) throw new UsageError('--env is missing', manifestSecretSpec.name);
  const env = secretReference(secret, keys);
  io.stdout.write(stringify({ env }, { lineWidth: 0 }));
  const files = [...new Set(Object.values(keys))].map((key) => ` --from-file=${key}=PATH`).join('');
  io.stderr.write(
    `make the Secret once, from files that only you can read: kubectl create secret generic ${secret}${files}\n`,
  );
  return exitCode.ok;
}
