/** microtome merge: the parts of the shards to one table. */
import type { MergeSummary } from '../../index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import type { CliIo } from '../io.js';
import { onePositional } from '../positionals.js';
import { printable } from '../text.js';
import { codeOf } from './score-notices.js';

export const mergeSpec: CommandSpec = {
  name: 'merge',
  positionals: '<folder of the parts>',
  summary: 'Make the one table of the parts that shards have written (microtome score --shard-index).',
  options: {
    out: { kind: 'text', value: 'F.csv', help: 'CSV to write (required)' },
    overwrite: { kind: 'flag', help: 'replace the output' },
    json: { kind: 'flag', help: 'print one line of JSON' },
  },
  notes: [
    'Nothing is written unless every row of the run is there exactly once. Parts that are missing, unfinished, damaged or of',
    'another run are named. The table has the bytes that one process would have written; so has the exit code: 3 where rows',
    'hold a fallback value or were left out. An output that has these bytes already is left as it is.',
  ],
};

export async function merge(args: ParsedArgs, io: CliIo): Promise<number> {
  const folder = onePositional(args, mergeSpec, 'the folder of the parts');
  const output = args.required('out');
  const summary = await io.library.mergeShards(folder, {
    output,
    overwrite: args.flag('overwrite'),
    signal: io.signal,
  });
  if (args.flag('json')) io.stdout.write(`${JSON.stringify(summary)}\n`);
  for (const line of noticeLines(summary)) io.stderr.write(`${line}\n`);
  io.stderr.write(`${mergedLine(summary)}\n`);
  return codeOf(summary);
}

function noticeLines({ failures, machines, repaired }: MergeSummary): readonly string[] {
  const failed = Object.entries(failures).map(
    ([code, { count, examples }]) =>
      `failed: ${code}: ${count} ${count === 1 ? 'row' : 'rows'}, such as ${examples.slice(0, 3).map(printable).join(', ')}`,
  );
  if (repaired.length > 0) {
    const [slides, were] = repaired.length === 1 ? ['slide', 'was'] : ['slides', 'were'];
    const names = repaired.slice(0, 3).map(printable).join(', ');
    failed.push(`note: ${repaired.length} ${slides} that had failed ${were} changed and tried again, such as ${names}`);
  }
  if (machines.length < 2) return failed;
  const facts = Object.keys(machines[0]?.machine ?? {}).filter(
    (name) => new Set(machines.map(({ machine }) => machine[name])).size > 1,
  );
  const kinds = facts.map(
    (name) => `${name}: ${[...new Set(machines.map(({ machine }) => machine[name] ?? 'unknown'))].join(', ')}`,
  );
  return [
    ...failed,
    `warning: the shards ran on ${machines.length} kinds of machine (${printable(kinds.join('; '))}); scores of one kind may differ in their last digits from those of another`,
  ];
}

function mergedLine({ output, alreadyComplete, rows, shards, counts, sampled, clipped }: MergeSummary): string {
  if (alreadyComplete) return `${printable(output)}: complete already, with the bytes of these ${shards} parts`;
  const parts = [
    `${rows - counts.skipped} ${rows === 1 ? 'row' : 'rows'} of ${shards} ${shards === 1 ? 'part' : 'parts'}`,
  ];
  const tell = (count: number, text: string): void => {
    if (count > 0) parts.push(`${count} ${text}`);
  };
  tell(counts.fallback, 'with the fallback value');
  tell(counts.missing, 'missing, with the fallback value');
  tell(counts.failed, 'failed, without a value');
  tell(counts.skipped, 'left out');
  tell(sampled, 'short of time');
  tell(clipped, 'held to the declared range');
  return `${printable(output)}: ${parts.join(', ')}`;
}
