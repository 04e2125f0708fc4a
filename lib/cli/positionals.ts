/** Checks of what a command was given beside its options. */
import { shownPath } from '../core/remote-address.js';
import type { CommandSpec, ParsedArgs } from './args.js';
import { UsageError } from './usage-error.js';

export function onePositional(args: ParsedArgs, spec: CommandSpec, what: string): string {
  const [first, second] = args.positionals;
  if (first === undefined || first === '') throw new UsageError(`${what} is missing`, spec.name);
  if (second !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(shownPath(second))}`, spec.name);
  return first;
}

export function noPositional(args: ParsedArgs, spec: CommandSpec): void {
  const [first] = args.positionals;
  if (first !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(shownPath(first))}`, spec.name);
}
