/** What microtome score says of slides and of images alike. */
import { isS3, shownPath } from '../../core/remote-address.js';
import { MicrotomeError, type DirectorySummary, type Model, type NotRead, type OptionNaming } from '../../index.js';
import type { ParsedArgs } from '../args.js';
import { assumptionLine } from '../assumptions.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import type { ProgressView } from '../progress.js';
import { type FoundShard, shardOf } from '../shard-index.js';
import { printable } from '../text.js';
import { UsageError } from '../usage-error.js';
import { clinicalNotice } from './model.js';

/** What whoever reads the scores must know of the model. */
export function tellModel(
  model: Model,
  options: Parameters<typeof assumptionLine>[1] & { readonly fallback?: number },
  naming: OptionNaming,
  view: ProgressView,
): void {
  const notice = clinicalNotice(model);
  if (notice !== null) view.note(`model ${printable(model.name)}: ${notice}`);
  const fallback = fallbackNotice(model, options.fallback);
  if (fallback !== null) view.note(fallback);
  const assumed = assumptionLine(model, options, naming);
  if (assumed !== null) view.say(assumed);
  for (const warning of model.warnings) view.say(`warning: model ${printable(model.name)}: ${printable(warning)}`);
}

/** The user's value goes before the model's; that it differs is said. */
function fallbackNotice(model: Model, given: number | undefined): string | null {
  const declared = model.outputs[0]?.fallback ?? null;
  if (given === undefined || declared === null || declared === given) return null;
  return `fallback value: ${given}, as --fallback says; the model declares ${declared}`;
}

/** Where the lock was lost, the journal is the other run's. */
export function plainContinuation(error: unknown): string {
  const isLost = error instanceof MicrotomeError && error.code === 'OUTPUT_LOCKED';
  return isLost ? '' : ', continue with --resume';
}

const kMostNotRead = 20;

/** One line for each, and no more than fit on a screen. */
export function tellNotRead(notRead: readonly NotRead[], view: ProgressView): void {
  for (const { path, reason } of notRead.slice(0, kMostNotRead)) view.note(`not read: ${printable(path)}: ${reason}`);
  if (notRead.length > kMostNotRead) view.note(`not read: and ${notRead.length - kMostNotRead} more`);
}

export function codeOf(summary: Pick<DirectorySummary, 'counts' | 'output'>): number {
  const { failed, fallback, missing, skipped } = summary.counts;
  // With an output: rows without a value, which the status column tells.
  if (failed > 0) return summary.output === null ? exitCode.internal : exitCode.fallback;
  if (skipped > 0) return exitCode.fallback;
  // Without an output there is no row that the fallback could stand in.
  if (fallback + missing > 0) return summary.output === null ? exitCode.internal : exitCode.fallback;
  return exitCode.ok;
}

/** The shard that is asked for, which is told; null: none. Throws UsageError. */
export function givenShard(
  args: ParsedArgs,
  io: CliIo,
  view: ProgressView,
  out: string | undefined,
): FoundShard | null {
  const shard = shardOf(args, io.env);
  if (shard === null) return null;
  if (out === undefined) throw new UsageError('--shard-index needs --out, the folder of the parts', 'score');
  view.note(`${shard.text}, into ${printable(shownPath(out))}`);
  return shard;
}

/** Of an output in a bucket it lies in the work folder, as the message of the error says where that is needed. */
export function journalOf(out: string): string {
  return isS3(out) ? 'the work folder (--storage-work-folder)' : `${printable(out)}.journal`;
}
