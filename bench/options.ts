/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';

export const usage = `npm run bench [-- options]

  --bars         exit code 1 where a bar is missed or could not be measured
  --only ROW     this row only; may be repeated
  --quick        small slides and few rounds: shows that everything runs, the figures are rough
  --list         the rows
  --reinstall    try again to install what could not be installed
`;

/** Throws an Error that says what is wrong with the arguments. */
export function parseOptions(argv: readonly string[], known: readonly string[]) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      bars: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
      reinstall: { type: 'boolean', default: false },
    },
  });
  const unknown = values.only.find((id) => !known.includes(id));
  if (unknown !== undefined) throw new Error(`no row ${JSON.stringify(unknown)}; rows: ${known.join(', ')}`);
  return values;
}

export type BenchOptions = ReturnType<typeof parseOptions>;
