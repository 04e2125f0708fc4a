/** microtome manifest pvc. */
import { volumeClaim } from '../../kube/index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import type { CliIo } from '../io.js';
import { noPositional } from '../positionals.js';
import { applyFlags, finish } from './manifest-finish.js';
import { objectFlags, objectOptions } from './manifest-flags.js';

const kModes = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'] as const;

export const manifestPvcSpec: CommandSpec = {
  name: 'manifest pvc',
  positionals: '',
  summary:
    'Print a PersistentVolumeClaim: storage that outlives pods. Give it a --name where other manifests mount it.',
  options: {
    ...objectFlags,
    size: { kind: 'text', help: 'such as 8Gi (required)' },
    'storage-class': { kind: 'text', help: "class of the storage (default: the cluster's own)" },
    'access-mode': {
      kind: 'text',
      choices: kModes,
      help: 'who may mount it (default ReadWriteMany, for pods on several nodes)',
    },
    ...applyFlags,
  },
};

export async function manifestPvc(args: ParsedArgs, io: CliIo): Promise<number> {
  noPositional(args, manifestPvcSpec);
  const mode = kModes.find((one) => one === args.text('access-mode'));
  const claim = volumeClaim({
    ...objectOptions(args, manifestPvcSpec.name),
    size: args.required('size'),
    storageClass: args.text('storage-class'),
    accessMode: mode,
  });
  return finish([claim], args, io);
}
