/** microtome manifest check: what a cluster would refuse, without one. */
import { checkManifest, fromYaml, type Problem } from '../../kube/index.js';
import { readSmallText } from '../read-file.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { printable } from '../text.js';
import { UsageError } from '../usage-error.js';
import { trainerFlag } from './manifest-flags.js';

export const manifestCheckSpec: CommandSpec = {
  name: 'manifest check',
  positionals: '<file.yaml…>',
  summary:
    'Show what a cluster would refuse of manifests: the rules of Kubernetes, of the webhooks of Kubeflow, Katib and KServe, and credentials that stand in them. Exit code 4: there is something.',
  options: { ...trainerFlag, json: { kind: 'flag', help: 'print one line of JSON for each problem' } },
};

export async function manifestCheck(args: ParsedArgs, io: CliIo): Promise<number> {
  if (args.positionals.length === 0) throw new UsageError('a file is missing', manifestCheckSpec.name);
  const trainer = args.text('trainer') === '2.1' ? '2.1' : '2.2+';
  let [count, errors] = [0, 0];
  for (const path of args.positionals) {
    for (const [i, object] of fromYaml(await readSmallText(path, io.signal), path).entries()) {
      count += 1;
      for (const problem of checkManifest(object, { trainer })) {
        if (problem.severity === 'error') errors += 1;
        io.stdout.write(
          args.flag('json')
            ? `${JSON.stringify({ file: path, document: i + 1, ...problem })}\n`
            : lineOf(path, i + 1, problem),
        );
      }
    }
  }
  if (!args.flag('json'))
    io.stderr.write(`${count} ${count === 1 ? 'object' : 'objects'}, ${errors} ${errors === 1 ? 'error' : 'errors'}\n`);
  return errors > 0 ? exitCode.refused : exitCode.ok;
}

function lineOf(file: string, document: number, { severity, path, message, rule }: Problem): string {
  return `${printable(`${file}, object ${document}: ${severity}: ${path === '' ? '' : `${path} `}${message} (${rule})`)}\n`;
}
