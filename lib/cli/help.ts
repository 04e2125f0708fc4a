/** The help texts, made from the tables that the parser reads, so that they cannot disagree. */
import { commonOptions, type CommandSpec, type OptionSpec } from './args.js';
import { optionHeadings } from '../index.js';

const kWidth = 110;
const kHelpColumn = 34;

export function helpOf(spec: CommandSpec): string {
  const lines = [
    `usage: microtome ${spec.name} ${spec.positionals} [options]`.replace('  ', ' '),
    '',
    ...wrapped(spec.summary, '  '),
  ];
  const options = Object.entries({ ...spec.options, ...commonOptions });
  const headings = [...optionHeadings, undefined];
  for (const heading of headings) {
    const own = options.filter(([, option]) => option.heading === heading);
    if (own.length === 0) continue;
    lines.push('', ...(heading === undefined ? [] : [`${heading}:`]));
    for (const [name, option] of own) lines.push(...optionLines(name, option));
  }
  if (spec.notes !== undefined) lines.push('', ...spec.notes);
  return `${lines.join('\n')}\n`;
}

/** The option, and its help beside it, or below where the option is long. */
function optionLines(name: string, option: OptionSpec): readonly string[] {
  const head = `  ${headOf(name, option)}`;
  const help = wrapped(option.help, ' '.repeat(kHelpColumn));
  const [first = ''] = help;
  if (head.length + 2 > kHelpColumn) return [head, ...help];
  return [head + first.slice(head.length), ...help.slice(1)];
}

function headOf(name: string, option: OptionSpec): string {
  if (option.kind === 'flag') return option.negatable?.shown === 'no' ? `--no-${name}` : `--${name}`;
  const value = option.choices?.join('|') ?? option.value ?? (option.kind === 'text' ? 'TEXT' : 'N');
  return `--${name} ${option.bare === undefined ? value : `[${value}]`}`;
}

function wrapped(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line.length + word.length > kWidth && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}

export function overview(
  version: string,
  commands: readonly { readonly name: string; readonly positionals: string; readonly summary: string }[],
): string {
  const heads = commands.map((command) => `${command.name} ${command.positionals}`);
  const width = Math.max(...heads.map((head) => head.length));
  return [
    `microtome ${version}: scores whole-slide images. Research software, not a medical device.`,
    '',
    'usage: microtome <command> [options]',
    '',
    ...commands.map((command, i) => `  ${(heads[i] ?? '').padEnd(width)}  ${command.summary}`),
    '',
    '  microtome help <command>   show the options of a command (or: microtome <command> --help, -h)',
    '  microtome --version, -v    show the version',
    '',
    'exit codes:',
    '  0    every row is scored',
    '  1    the work failed',
    '  2    the command line, the model or the installation is wrong; no slide was scored',
    '  3    finished, but some slides failed; their rows hold the fallback value, or are left out (--on-error skip)',
    '  4    an input file was refused before the first slide was scored; nothing was written',
    '  5    score --shard-index: a slide of this shard cannot be scored, or its journal is of other slides',
    '  75   score --shard-index: try again; what went wrong may be gone in a while, or on another machine',
    '  130  interrupted; score and embed continue with --resume',
    '',
  ].join('\n');
}
