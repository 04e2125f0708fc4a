/** What the status of an object says: is it done, has it failed, and why. */
import type { KubeObject } from '../objects.js';
import { clusterText } from './refusal.js';

/** A condition as controllers write it. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** Where an object is on its way. */
export interface ObjectState {
  readonly state: 'waiting' | 'running' | 'succeeded' | 'failed';
  /** The controller's reason and message; empty where it gave none. */
  readonly reason: string;
  readonly message: string;
}

interface Ends {
  readonly good: string;
  readonly bad: string | null;
}

/** The conditions that end each kind. */
const kEnds: Readonly<Record<string, Ends>> = {
  Job: { good: 'Complete', bad: 'Failed' },
  PyTorchJob: { good: 'Succeeded', bad: 'Failed' },
  TrainJob: { good: 'Complete', bad: 'Failed' },
  Experiment: { good: 'Succeeded', bad: 'Failed' },
  InferenceService: { good: 'Ready', bad: null },
};

/** Kinds that `waitFor` can wait for. */
export const waitedKinds: readonly string[] = Object.keys(kEnds);

interface Status {
  readonly conditions?: readonly Condition[];
  readonly active?: number;
  readonly modelStatus?: { readonly transitionStatus?: string; readonly lastFailureInfo?: Record<string, unknown> };
  readonly observedGeneration?: number;
}

const statusOf = (object: unknown): Status =>
  ((object as { readonly status?: unknown } | null)?.status ?? {}) as Status;

export function stateOf(object: KubeObject): ObjectState {
  const { good, bad } = kEnds[object.kind] ?? { good: 'Complete', bad: 'Failed' };
  const status = statusOf(object);
  const conditions = Array.isArray(status.conditions) ? status.conditions : [];
  const holds = (type: string | null): Condition | undefined =>
    conditions.find((one) => one.type === type && one.status === 'True');
  const failed = holds(bad);
  if (failed !== undefined) return told('failed', failed);
  const done = holds(good);
  if (done !== undefined && isCurrent(object, status)) return told('succeeded', done);
  const model = status.modelStatus;
  if (model?.transitionStatus === 'BlockedByFailedLoad' || model?.transitionStatus === 'InvalidSpec')
    return {
      state: 'failed',
      reason: clusterText(model.lastFailureInfo?.['reason']) || model.transitionStatus,
      message: clusterText(model.lastFailureInfo?.['message']),
    };
  const isRunning = holds('Running') !== undefined || (status.active ?? 0) > 0;
  const last = conditions.at(-1);
  const waiting = isRunning ? 'running' : 'waiting';
  return last === undefined ? { state: waiting, reason: '', message: '' } : told(waiting, last);
}

/** A service that was changed is ready only when its controller has seen the change. */
function isCurrent(object: KubeObject, { observedGeneration }: Status): boolean {
  const { generation } = object.metadata as { readonly generation?: number };
  if (object.kind !== 'InferenceService' || generation === undefined || observedGeneration === undefined) return true;
  return observedGeneration >= generation;
}

const told = (state: ObjectState['state'], { reason, message }: Condition): ObjectState => ({
  state,
  reason: clusterText(reason),
  message: clusterText(message),
});
