/** What messages call an option for a user of the command line: its flag, or its key in the file of options. */
import { isLiteral } from '../core/option-names.js';
import { optionTable, type OptionNaming } from '../index.js';

/** Of options that stand twice in the table, the flag is that of a run. */
function flagNamed(option: string): string | null {
  const rows = optionTable.filter((row) => row.name === option && row.flag !== null);
  return (rows.find((row) => row.in.includes('run') || row.in.includes('images')) ?? rows[0])?.flag ?? null;
}

/** `tile-*` for the object of options `tile`: its members have the flags. */
function familyOf(option: string): string | null {
  const member = optionTable.find((row) => row.flag !== null && row.name.startsWith(`${option}.`));
  return member?.flag == null ? null : `${member.flag.split('-')[0]}-*`;
}

/** `--tile-size`, `--on-bad-tile fill`, `--resume`; a name without a flag stays as it is. */
export const flagNaming: OptionNaming = (option, value) => {
  const flag = flagNamed(option) ?? familyOf(option);
  if (flag === null) return value === null ? option : `${option} ${value}`;
  if (value === null || value === 'true') return `--${flag}`;
  return value === 'false' ? `--no-${flag}` : `--${flag} ${value === 'null' ? 'none' : value}`;
};

/** `fromFile`: options whose values come from the file `path`. They are called by their keys, all others by their flags. */
export function fileNaming(path: string, fromFile: ReadonlySet<string>): OptionNaming {
  return (option, value) => {
    const isOfFile = fromFile.has(option) || [...fromFile].some((name) => name.startsWith(`${option}.`));
    if (!isOfFile) return flagNaming(option, value);
    if (value === null) return `"${option}" in ${path}`;
    return `"${option}": ${isLiteral(value) ? value : JSON.stringify(value)} in ${path}`;
  };
}
