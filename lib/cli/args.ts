/** Parses a command's arguments by a table of its options; misspelt names get a hint, values are checked for their kind. */
import { parseArgs } from 'node:util';
import { nearest } from '../core/near-miss.js';
import { optionTable, type OptionNaming } from '../index.js';
import { flagNaming } from './naming.js';
import { UsageError } from './usage-error.js';

export type OptionKind = 'flag' | 'text' | 'integer' | 'number';

export interface OptionSpec {
  readonly kind: OptionKind;
  /** Shown in the help in place of the value. */
  readonly value?: string;
  readonly choices?: readonly string[];
  /** The value where none is given: `--name` alone is `--name=bare`. */
  readonly bare?: string;
  /** It may be given several times: its value is all of them, with `separator` between. */
  readonly isList?: boolean;
  /** A comma unless values may hold one. */
  readonly separator?: string;
  readonly help: string;
  /** Under which heading the help lists it. */
  readonly heading?: string;
  /** True: `--no-name` says the opposite. `shown: 'no'`: the help shows that form. */
  readonly negatable?: { readonly shown: 'yes' | 'no' };
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
  help: { kind: 'flag', help: 'show this help' },
  verbose: { kind: 'flag', help: 'show the stack of an error, too' },
};

export class ParsedArgs {
  /** How errors call an option; a command that reads a file of options changes it. */
  naming: OptionNaming = flagNaming;

  constructor(
    readonly positionals: readonly string[],
    private readonly values: ReadonlyMap<string, string | boolean>,
    private readonly spec: CommandSpec,
  ) {}

  /** Undefined: not given. */
  value(name: string): string | boolean | undefined {
    return this.values.get(name);
  }

  flag(name: string): boolean {
    return this.values.get(name) === true;
  }

  text(name: string): string | undefined {
    const value = this.values.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : Number(text);
  }

  /** The values of an option that may be given several times. */
  texts(name: string): readonly string[] {
    return this.text(name)?.split(this.spec.options[name]?.separator ?? ',') ?? [];
  }

  /** A text option that the command cannot do without. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new UsageError(`--${name} is missing`, this.spec.name);
    return value;
  }
}

/** Every name that may stand after the dashes. */
function namesOf(options: Readonly<Record<string, OptionSpec>>): readonly string[] {
  return Object.entries(options).flatMap(([name, { negatable }]) =>
    negatable === undefined ? [name] : [name, `no-${name}`],
  );
}

/** Throws UsageError. */
export function parseCommandLine(spec: CommandSpec, argv: readonly string[]): ParsedArgs {
  const known = { ...spec.options, ...commonOptions };
  const names = namesOf(known);
  const optionOf = (name: string): OptionSpec | undefined => (Object.hasOwn(known, name) ? known[name] : undefined);
  const options = Object.fromEntries(
    names.map((name) => [name, { type: valueKind(optionOf(name)) === 'flag' ? 'boolean' : 'string' } as const]),
  );
  // Not strict: the unknown is told by us, with a hint, and a negative number may be a value.
  const args = withBareValues(argv, known);
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string | boolean>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    if (!names.includes(token.name) || !token.rawName.startsWith('--')) throw unknownOption(spec, token.rawName, names);
    const isNegated = optionOf(token.name) === undefined;
    const name = isNegated ? token.name.slice('no-'.length) : token.name;
    const before = values.get(name);
    const isList = optionOf(name)?.isList === true;
    if (before !== undefined && !isList) throw new UsageError(`--${name} was given twice`, spec.name);
    const value = checkedValue(spec, token.name, optionOf(name), token.value, token.inlineValue ?? false);
    if (isList && before !== undefined) values.set(name, `${before}${optionOf(name)?.separator ?? ','}${value}`);
    else values.set(name, isNegated ? false : value);
  }
  return new ParsedArgs(positionals, values, spec);
}

/** Flags that may stand without a value, each with the value that it then has. */
function withBareValues(argv: readonly string[], known: Readonly<Record<string, OptionSpec>>): string[] {
  const end = argv.indexOf('--');
  return argv.map((arg, i) => {
    const next = argv[i + 1];
    const name = arg.slice(2);
    const bare = arg.startsWith('--') && Object.hasOwn(known, name) ? known[name]?.bare : undefined;
    if (bare === undefined || (end >= 0 && i > end)) return arg;
    return next === undefined || next.startsWith('--') ? `${arg}=${bare}` : arg;
  });
}

/** A name that is only known as the opposite of a flag is a flag. */
function valueKind(option: OptionSpec | undefined): OptionKind {
  return option?.kind ?? 'flag';
}

/** The flag of an option that was called by its name in the API: `--out` for `--output`. */
function flagOfOption(rawName: string, known: readonly string[]): string | null {
  const name = rawName.replace(/^-+/, '').replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const row = optionTable.find((one) => one.name === name && one.flag !== null && known.includes(one.flag));
  return row?.flag ?? null;
}

function unknownOption(spec: CommandSpec, rawName: string, known: readonly string[]): UsageError {
  const hint = flagOfOption(rawName, known) ?? nearest(rawName, known);
  const advice = hint === null ? `see: microtome ${spec.name} --help` : `did you mean --${hint}?`;
  return new UsageError(`unknown option ${JSON.stringify(rawName)}; ${advice}`, spec.name);
}

function checkedValue(
  spec: CommandSpec,
  name: string,
  option: OptionSpec | undefined,
  value: string | undefined,
  inline: boolean,
): string | true {
  const refuse = (found: string): never => {
    throw new UsageError(`--${name} ${found}`, spec.name);
  };
  if (valueKind(option) === 'flag') return value === undefined ? true : refuse('takes no value');
  if (value === undefined || value === '') return refuse('needs a value');
  if (!inline && value.startsWith('--')) {
    return refuse(
      `needs a value, found the option ${JSON.stringify(value)}; a value that starts so is written --${name}=${value}`,
    );
  }
  // A flag that stands well without a value must not swallow a slide in silence.
  if (option?.bare !== undefined && !inline && /\/|\.(tiff?|svs)$/i.test(value)) {
    return refuse(`would be ${JSON.stringify(value)}, which looks like a path; write --${name}=${option.bare}`);
  }
  const choices = option?.choices;
  if (choices !== undefined && !choices.includes(value)) {
    const hint = nearest(value, choices);
    const advice = hint === null ? '' : `; did you mean '${hint}'?`;
    refuse(`is ${JSON.stringify(value)}, expected one of ${choices.join(', ')}${advice}`);
  }
  if (option?.kind === 'integer' && !isInteger(value)) refuse(`is ${JSON.stringify(value)}, expected an integer`);
  if (option?.kind === 'number' && !isNumber(value)) refuse(`is ${JSON.stringify(value)}, expected a number`);
  return value;
}

export function isInteger(text: string): boolean {
  return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text));
}

export function isNumber(text: string): boolean {
  return /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text));
}
