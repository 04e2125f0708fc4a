/** Follows a run of Kubeflow Pipelines to its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MicrotomeError } from '../../core/errors.js';
import { printable } from '../../core/printable.js';
import { textIn } from './submit.js';
import { KfpConnection, KfpRefusal, type KfpOptions } from './transport.js';

/** States of a run and of its tasks. */
export type RuntimeState =
  | 'RUNTIME_STATE_UNSPECIFIED'
  | 'PENDING'
  | 'RUNNING'
  | 'SUCCEEDED'
  | 'SKIPPED'
  | 'FAILED'
  | 'CANCELING'
  | 'CANCELED'
  | 'PAUSED';

/** Options of {@link watchRun}. */
export interface WatchOptions extends KfpOptions {
  readonly runId: string;
  /** Milliseconds between two looks. @defaultValue 5000 */
  readonly pollMs?: number | undefined;
  /** Is told each change of a state. */
  readonly onEvent?: ((event: WatchEvent) => void) | undefined;
}

/** A task, or the run itself (`task` is then null), came to another state. */
export interface WatchEvent {
  readonly task: string | null;
  readonly state: RuntimeState;
  /** What the server says of it; empty where it says nothing. */
  readonly error: string;
}

/** One task of a run at its end. */
export interface WatchedTask {
  readonly name: string;
  readonly state: RuntimeState;
  readonly error: string;
}

/** How a run ended. */
export interface WatchedRun {
  readonly runId: string;
  readonly state: 'SUCCEEDED' | 'SKIPPED' | 'FAILED' | 'CANCELED';
  readonly error: string;
  readonly tasks: readonly WatchedTask[];
}

const ends: readonly string[] = ['SUCCEEDED', 'SKIPPED', 'FAILED', 'CANCELED'];
/** So many looks may fail one after the other: a server is restarted now and then. */
const mostFailures = 5;
const mostText = 1000;

/**
 * Looks at a run until it is at its end, and resolves with how it ended. `requireSuccess` turns a failure into an error.
 * Rejects with NETWORK where the server cannot be reached several times, or with the signal's reason.
 */
export async function watchRun(options: WatchOptions): Promise<WatchedRun> {
  const { runId, pollMs = 5000, signal, onEvent } = options;
  const server = new KfpConnection(options);
  const said = new Map<string | null, string>();
  for (let failures = 0; ; ) {
    let answer: Record<string, unknown> | null = null;
    try {
      answer = await server.send({ method: 'GET', path: `/runs/${encodeURIComponent(runId)}` });
      failures = 0;
    } catch (error) {
      failures += 1;
      if (!isPassing(error) || failures >= mostFailures) throw error;
    }
    if (answer !== null) {
      const run = runOf(answer, runId);
      for (const event of [
        ...run.tasks.map(({ name, ...rest }) => ({ task: name, ...rest })),
        { task: null, ...run },
      ]) {
        if (said.get(event.task) === event.state) continue;
        said.set(event.task, event.state);
        onEvent?.({ task: event.task, state: event.state, error: event.error });
      }
      if (ends.includes(run.state)) return run as WatchedRun;
    }
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    if (signal?.aborted === true) throw signal.reason;
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof KfpRefusal) return error.status >= 500 || error.status === 429;
  return error instanceof MicrotomeError && error.code === 'NETWORK';
}

interface AnyRun extends Omit<WatchedRun, 'state'> {
  readonly state: RuntimeState;
}

function runOf(answer: Readonly<Record<string, unknown>>, runId: string): AnyRun {
  const details = answer['run_details'] as { task_details?: unknown } | undefined;
  const tasks = Array.isArray(details?.task_details) ? (details.task_details as Record<string, unknown>[]) : [];
  // The graph itself and the drivers of the server's own are tasks as well.
  const named = tasks.filter(
    (task) => typeof task['display_name'] === 'string' && !/(^root|-driver)$/.test(task['display_name']),
  );
  return {
    runId,
    state: textIn(answer, 'state') as RuntimeState,
    error: errorIn(answer),
    tasks: named.map((task) => ({
      name: printable(String(task['display_name'])).slice(0, 200),
      state: stateIn(task),
      error: errorIn(task),
    })),
  };
}

const stateIn = (task: Readonly<Record<string, unknown>>): RuntimeState =>
  (typeof task['state'] === 'string' ? printable(task['state']) : 'RUNTIME_STATE_UNSPECIFIED') as RuntimeState;

function errorIn(entry: Readonly<Record<string, unknown>>): string {
  const { message } = (entry['error'] ?? {}) as { message?: unknown };
  return typeof message === 'string' ? printable(message).slice(0, mostText) : '';
}

/** Throws STEP_FAILED with the tasks that failed and what the server says of them, where a run did not succeed. */
export function requireSuccess({ runId, state, error, tasks }: WatchedRun): void {
  if (state === 'SUCCEEDED' || state === 'SKIPPED') return;
  const failed = tasks.filter((task) => task.state === 'FAILED');
  const told = failed.map(({ name, error: why }) => `task ${name} failed${why === '' ? '' : `: ${why}`}`);
  const reason = [...told, ...(error === '' ? [] : [error])].join('; ');
  throw new MicrotomeError(
    'STEP_FAILED',
    'options',
    `run ${runId} ended as ${state}${reason === '' ? '' : `: ${reason}`}`,
    {
      advice: 'read the logs of the tasks that are named',
    },
  );
}

/** Has the server end a run. */
export async function terminateRun(options: KfpOptions & { readonly runId: string }): Promise<void> {
  const path = `/runs/${encodeURIComponent(options.runId)}:terminate`;
  await new KfpConnection(options).send({ method: 'POST', path });
}

/** Has the server forget a run; what the run made in the cluster stays. */
export async function deleteSubmittedRun(options: KfpOptions & { readonly runId: string }): Promise<void> {
  const path = `/runs/${encodeURIComponent(options.runId)}`;
  await new KfpConnection(options).send({ method: 'DELETE', path });
}
