/** microtome pack: the zip of a submission. */
import type { PackResult } from '../../competition/index.js';
import type { OptionNaming } from '../../index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { flagNaming } from '../naming.js';
import { noPositional } from '../positionals.js';
import { bytes, printable, table } from '../text.js';
import { withOptionNames } from '../../core/option-names.js';

export const packSpec: CommandSpec = {
  name: 'pack',
  positionals: '',
  summary:
    'Write the zip that the VisioMel challenge runs: main.py, Node.js, this package with its libraries, and a bundle. Everything that is needed to run the model is in it.',
  options: {
    model: { kind: 'text', value: 'BUNDLE', help: 'folder of the bundle (required); it must declare a fallback value' },
    out: { kind: 'text', value: 'F.zip', help: 'the zip to write (required)' },
    overwrite: { kind: 'flag', help: 'replace the zip that is there' },
    node: { kind: 'text', value: 'PATH', help: 'a Node.js for Linux x64 (default: fetched with npm)' },
    runtime: {
      kind: 'text',
      value: 'DIR',
      help: 'folder with libraries for a GPU, which is added to the zip (default: none)',
    },
    architecture: {
      kind: 'text',
      value: 'sm_NN',
      help: 'the GPU that the libraries of --runtime must have code for (default: sm_37, a Tesla K80); a --runtime without any such code is then refused',
    },
    json: { kind: 'flag', help: 'print one line of JSON' },
  },
  notes: [
    'The model is run on noise first. Each binary is checked: the machine of the challenge has glibc 2.31 and must be able to load it.',
    'The same files and the same version of Node.js give the same zip, byte for byte.',
  ],
};

/** The options of this command that the table of options does not have. */
const ownFlags = ['node', 'runtime', 'architecture'];
const naming: OptionNaming = (option, value) =>
  ownFlags.includes(option) ? `--${option}${value === null ? '' : ` ${value}`}` : flagNaming(option, value);

export async function pack(args: ParsedArgs, io: CliIo): Promise<number> {
  noPositional(args, packSpec);
  args.naming = naming;
  io.writesFile = true;
  const given = (name: string): object => {
    const value = args.text(name);
    return value === undefined ? {} : { [name]: value };
  };
  const packed = await io.library.packSubmission({
    model: args.required('model'),
    output: args.required('out'),
    overwrite: args.flag('overwrite'),
    ...given('node'),
    ...given('runtime'),
    ...given('architecture'),
    signal: io.signal,
  });
  const warnings = packed.warnings.map((warning) => withOptionNames(warning, naming));
  for (const warning of warnings) io.stderr.write(`warning: ${printable(warning)}\n`);
  io.stdout.write(args.flag('json') ? `${JSON.stringify({ ...packed, warnings })}\n` : textOf(packed));
  return exitCode.ok;
}

function textOf({ path, bytes: size, sha256, model, node, needs, parts, runtime }: PackResult): string {
  const rows = parts.map(({ name, files, bytes: unpacked }) => [
    `  ${name}`,
    bytes(unpacked).padStart(10),
    `${files} ${files === 1 ? 'file' : 'files'}`,
  ]);
  const total = parts.reduce((sum, part) => sum + part.bytes, 0);
  const libraries = (runtime?.libraries ?? []).map(
    ({ name, modules, machineCode, assemblyOnly }) =>
      `  ${printable(name)}: of ${modules} modules ${machineCode} have machine code, ${assemblyOnly} assembly only\n`,
  );
  return [
    `wrote ${printable(path)}: ${bytes(size)}, ${bytes(total)} when it is unpacked\n`,
    table(rows),
    table([
      ['model', printable(model.name)],
      ['Node.js', node],
      ['needs', `glibc ${needs.glibc ?? 'of any version'}, libstdc++ with GLIBCXX_${needs.libstdcxx ?? '3.4'}`],
      ['sha256', sha256],
    ]),
    runtime === null ? '' : `code for ${runtime.architecture}:\n${libraries.join('')}`,
  ].join('');
}
