/**
 * How a message names an option. Whoever makes a message, in C++ or here, does not know whether the caller wrote
 * `tile.size`, `--tile-size` or a key of a file. So a message holds the name in a mark, `[[tile.size]]`, or with a value,
 * `[[onBadTile=fill]]`, and the mark is replaced once: by {@link apiNames} where an error is made for a program, by the
 * command line where it is shown to a user of flags.
 */

/** How one option is called; `value` is null where the message names the option alone. */
export type OptionNaming = (option: string, value: string | null) => string;

const mark = /\[\[([A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)*)(?:=([A-Za-z0-9., -]*))?\]\]/g;

/** The mark of an option, for a message. */
export function optionMark(option: string, value?: string): string {
  return value === undefined ? `[[${option}]]` : `[[${option}=${value}]]`;
}

/** Replaces the marks of a message. */
export function withOptionNames(message: string, naming: OptionNaming): string {
  return message.replace(mark, (_, option: string, value: string | undefined) => naming(option, value ?? null));
}

function apiNaming(option: string, value: string | null): string {
  if (value === null) return option;
  return `${option}: ${isLiteral(value) ? value : `'${value}'`}`;
}

/** True for a value that a program and a file write without quotes. */
export function isLiteral(value: string): boolean {
  return ['true', 'false', 'null'].includes(value) || Number.isFinite(Number(value));
}

/** The message for a caller of the API: `tile.size`, `onBadTile: 'fill'`. */
export function apiNames(message: string): string {
  return withOptionNames(message, apiNaming);
}
