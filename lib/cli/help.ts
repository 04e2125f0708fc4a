/** The help texts, made from the tables that the parser reads, so that they cannot disagree. */
import { commonOptions, type CommandSpec, type OptionSpec } from './args.js';

export function helpOf(spec: CommandSpec): string {
  const lines = [
    `usage: microtome ${spec.name} ${spec.positionals} [options]`.replace('  ', ' '),
    '',
    `  ${spec.summary}`,
    '',
  ];
  const options = Object.entries({ ...spec.options, ...commonOptions });
  const heads = options.map(([name, option]) => headOf(name, option));
  const width = Math.max(...heads.map((head) => head.length));
  options.forEach(([, option], i) => {
    lines.push(`  ${(heads[i] ?? '').padEnd(width)}  ${option.help}`);
  });
  if (spec.notes !== undefined) lines.push('', ...spec.notes);
  return `${lines.join('\n')}\n`;
}

function headOf(name: string, option: OptionSpec): string {
  if (option.kind === 'flag') return `--${name}`;
  return `--${name} ${option.choices?.join('|') ?? option.value ?? (option.kind === 'text' ? 'TEXT' : 'N')}`;
}

export function overview(version: string, specs: readonly CommandSpec[]): string {
  const heads = specs.map((spec) => `${spec.name} ${spec.positionals}`);
  const width = Math.max(...heads.map((head) => head.length));
  return [
    `microtome ${version}: scores whole-slide images. Research software, not a medical device.`,
    '',
    'usage: microtome <command> [options]',
    '',
    ...specs.map((spec, i) => `  ${(heads[i] ?? '').padEnd(width)}  ${spec.summary}`),
    '',
    '  microtome <command> --help   the options of a command',
    '  microtome --version',
    '',
    'exit codes: 0 done; 1 failed; 2 usage or configuration; 3 done, some rows carry the declared fallback;',
    '            4 an input was refused, nothing was written; 130 interrupted (go on with --resume)',
    '',
  ].join('\n');
}
