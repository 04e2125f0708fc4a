/** Parses a command's arguments by a table of its options; misspelt names get a hint, values are checked for their kind. */
import { parseArgs } from 'node:util';
import { nearest } from '../core/near-miss.js';
import { UsageError } from './usage-error.js';

export type OptionKind = 'flag' | 'text' | 'integer' | 'number';

export interface OptionSpec {
  readonly kind: OptionKind;
  /** Shown in the help in place of the value. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly help: string;
}

export interface CommandSpec {
  readonly name: string;
  /** After the command's name, as the help shows it. */
  readonly positionals: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly notes?: readonly string[];
}

export const commonOptions: Readonly<Record<string, OptionSpec>> = {
  help: { kind: 'flag', help: 'this help' },
  verbose: { kind: 'flag', help: 'the stack of an error, too' },
};

export class ParsedArgs {
  constructor(
    readonly positionals: readonly string[],
    private readonly values: ReadonlyMap<string, string | true>,
    private readonly spec: CommandSpec,
  ) {}

  flag(name: string): boolean {
    return this.values.get(name) === true;
  }

  text(name: string): string | undefined {
    const value = this.values.get(name);
    return value === true ? undefined : value;
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : Number(text);
  }

  /** A text option that the command cannot do without. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new UsageError(`--${name} is missing`, this.spec.name);
    return value;
  }

  requiredNumber(name: string): number {
    return Number(this.required(name));
  }
}

/** Throws UsageError. */
export function parseCommandLine(spec: CommandSpec, argv: readonly string[]): ParsedArgs {
  const known = { ...spec.options, ...commonOptions };
  const options = Object.fromEntries(
    Object.entries(known).map(([name, option]) => [
      name,
      { type: option.kind === 'flag' ? 'boolean' : 'string' } as const,
    ]),
  );
  // Not strict: the unknown is told by us, with a hint, and a negative number may be a value.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string | true>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    if (option === undefined || !token.rawName.startsWith('--'))
      throw unknownOption(spec, token.rawName, Object.keys(known));
    if (values.has(token.name)) throw new UsageError(`--${token.name} was given twice`, spec.name);
    values.set(token.name, checkedValue(spec, token.name, option, token.value, token.inlineValue ?? false));
  }
  return new ParsedArgs(positionals, values, spec);
}

function unknownOption(spec: CommandSpec, rawName: string, known: readonly string[]): UsageError {
  const hint = nearest(rawName, known);
  const advice = hint === null ? `see: microtome ${spec.name} --help` : `did you mean --${hint}?`;
  return new UsageError(`unknown option ${JSON.stringify(rawName)}; ${advice}`, spec.name);
}

function checkedValue(
  spec: CommandSpec,
  name: string,
  option: OptionSpec,
  value: string | undefined,
  inline: boolean,
): string | true {
  const refuse = (found: string): never => {
    throw new UsageError(`--${name} ${found}`, spec.name);
  };
  if (option.kind === 'flag') return value === undefined ? true : refuse('takes no value');
  if (value === undefined || value === '') return refuse('needs a value');
  if (!inline && value.startsWith('--')) {
    return refuse(
      `needs a value, found the option ${JSON.stringify(value)}; a value that starts so is written --${name}=${value}`,
    );
  }
  if (option.choices !== undefined && !option.choices.includes(value)) {
    const hint = nearest(value, option.choices);
    const advice = hint === null ? '' : `; did you mean '${hint}'?`;
    refuse(`is ${JSON.stringify(value)}, expected one of ${option.choices.join(', ')}${advice}`);
  }
  if (option.kind === 'integer' && !(/^-?\d+$/.test(value) && Number.isSafeInteger(Number(value)))) {
    refuse(`is ${JSON.stringify(value)}, expected an integer`);
  }
  if (
    option.kind === 'number' &&
    !(/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) && Number.isFinite(Number(value)))
  ) {
    refuse(`is ${JSON.stringify(value)}, expected a number`);
  }
  return value;
}
