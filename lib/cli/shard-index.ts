/** Which shard this process is: by flags, or by the variables that engines set for the tasks of an array. */
import type { ParsedArgs } from './args.js';
import { UsageError } from './usage-error.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface FoundShard {
  readonly index: number;
  readonly count: number;
  /** "shard 3 of 8 (JOB_COMPLETION_INDEX is 3)". */
  readonly text: string;
}

const kCommand = 'score';

interface Found {
  readonly value: number;
  /** Where it comes from; null: from the flag. */
  readonly from: string | null;
}

/** Null: no shard is asked for. Throws UsageError. */
export function shardOf(args: ParsedArgs, env: Environment): FoundShard | null {
  const [index, count] = [args.text('shard-index'), args.text('shard-count')];
  if (index === undefined && count === undefined) return null;
  if (index === undefined || count === undefined) {
    const [given, missing] = index === undefined ? ['count', 'index'] : ['index', 'count'];
    throw usage(`--shard-${given} was given without --shard-${missing}`);
  }
  const total = count === 'auto' ? countIn(env) : { value: numberOf('shard-count', count), from: null };
  const own = index === 'auto' ? indexIn(env, total.value) : { value: numberOf('shard-index', index), from: null };
  if (own.value >= total.value) {
    const where = own.from === null ? '' : ` (${own.from})`;
    throw usage(
      `the shard index is ${own.value}${where} and the shard count ${total.value}; shards are counted from 0`,
    );
  }
  const origins = [own.from, total.from].filter((from) => from !== null);
  const from = origins.length === 0 ? '' : ` (${origins.join(', ')})`;
  return { index: own.value, count: total.value, text: `shard ${own.value} of ${total.value}${from}` };
}

function usage(found: string): UsageError {
  return new UsageError(found, kCommand);
}

function numberOf(flag: string, value: string): number {
  if (!/^\d{1,5}$/.test(value))
    throw usage(`--${flag} is ${JSON.stringify(value)}, expected a whole number from 0 to 99999, or auto`);
  return Number(value);
}

/** Undefined: the variable is not set. */
function variable(env: Environment, name: string): number | undefined {
  const value = env[name];
  if (value === undefined || value === '') return undefined;
  if (!/^\d{1,9}$/.test(value)) throw usage(`${name} is ${JSON.stringify(value)}, expected a whole number`);
  return Number(value);
}

const kOwnIndex = 'MICROTOME_SHARD_INDEX';
const kOwnCount = 'MICROTOME_SHARD_COUNT';

/** Variables that count from 0, by engine. Argo Workflows sets none: its template sets our own. */
const kCountedFrom0 = ['JOB_COMPLETION_INDEX', 'AWS_BATCH_JOB_ARRAY_INDEX'] as const;

function countIn(env: Environment): Found {
  for (const name of [kOwnCount, 'SLURM_ARRAY_TASK_COUNT']) {
    const value = variable(env, name);
    if (value !== undefined) return { value, from: `${name} is ${value}` };
  }
  throw usage(
    `--shard-count is auto, and neither ${kOwnCount} nor SLURM_ARRAY_TASK_COUNT is set; Kubernetes and AWS Batch tell no count: pass the number`,
  );
}

function indexIn(env: Environment, count: number): Found {
  const own = variable(env, kOwnIndex);
  if (own !== undefined) return { value: own, from: `${kOwnIndex} is ${own}` };
  const found: Found[] = [];
  for (const name of kCountedFrom0) {
    const value = variable(env, name);
    if (value !== undefined) found.push({ value, from: `${name} is ${value}` });
  }
  const slurm = slurmIndex(env, count);
  if (slurm !== null) found.push(slurm);
  const [first, second] = found;
  if (second !== undefined)
    throw usage(
      `two engines tell a shard index: ${first?.from} and ${second.from}; pass --shard-index, or set ${kOwnIndex}`,
    );
  if (first !== undefined) return first;
  const known = [kOwnIndex, ...kCountedFrom0, 'SLURM_ARRAY_TASK_ID'].join(', ');
  throw usage(`--shard-index is auto, and none of ${known} is set`);
}

/**
 * A task of an array that is the whole run is counted from the first task, in steps. Where the array has only some of
 * the shards (sbatch --array=3,5 to run two of eight again), its task number is the shard.
 */
function slurmIndex(env: Environment, count: number): Found | null {
  const task = variable(env, 'SLURM_ARRAY_TASK_ID');
  if (task === undefined) return null;
  const from = `SLURM_ARRAY_TASK_ID is ${task}`;
  const [first, step, tasks] = ['MIN', 'STEP', 'COUNT'].map((name) => variable(env, `SLURM_ARRAY_TASK_${name}`));
  if (tasks !== count || first === undefined || (first === 0 && (step ?? 1) <= 1)) return { value: task, from };
  const index = (task - first) / Math.max(step ?? 1, 1);
  if (!Number.isInteger(index) || index < 0)
    throw usage(`${from}, in an array from ${first} in steps of ${step ?? 1}; number the tasks evenly, from 0`);
  return { value: index, from: `${from}, the first task of the array is ${first}` };
}
