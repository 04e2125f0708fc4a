/** Server-side apply: the cluster gets the objects, and says what became of them. */
import { MicrotomeError } from '../../core/errors.js';
import { refuseCredentials } from '../checked.js';
import { shown } from '../checks/part.js';
import type { KubeObject } from '../objects.js';
import { canonicalJson, queueLabel, runLabel } from '../run.js';
import type { ApiResponse, Cluster } from './cluster.js';
import { placeOf, titleOf } from './kinds.js';
import { refusalOf } from './refusal.js';

/** Options of {@link applyManifests}. */
export interface ApplyOptions {
  /** Who owns the fields that are set. @defaultValue 'microtome' */
  readonly fieldManager?: string | undefined;
  /** `server`: the API server does everything but keep the objects. */
  readonly dryRun?: 'server' | undefined;
  /** Takes fields from others that set them. @defaultValue false */
  readonly force?: boolean | undefined;
  /**
   * Takes objects that are there and are not of the same run: they get the label of this one, so that {@link deleteRun}
   * deletes them with it, and the data of a claim too. @defaultValue false
   */
  readonly adopt?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of one object. */
export interface AppliedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  /** With `dryRun`, what would have become of it. `unchanged`: it was there already, with the same fields. */
  readonly action: 'created' | 'changed' | 'unchanged';
}

/**
 * Applies the objects in their order by server-side apply with strict validation: a field that the kind does not have is
 * refused by its name. Applying the same objects again changes nothing. Whether a queued job is suspended is Kueue's
 * matter once the job is there, so it stays as it is.
 *
 * Throws INVALID_OPTION for an object that holds a credential, before anything is sent; CLUSTER_REFUSED with the
 * server's reason, and what was applied before, also for an object that is there and is of no run or another one; NETWORK; the signal's reason.
 *
 * @example
 * ```ts
 * const applied = await applyManifests(cluster, [claim, job], { dryRun: 'server' });
 * for (const { kind, name, action } of applied) console.log(`${kind} ${name}: ${action}`);
 * ```
 */
export async function applyManifests(
  cluster: Cluster,
  objects: readonly KubeObject[],
  options: ApplyOptions = {},
): Promise<readonly AppliedObject[]> {
  for (const object of objects) {
    refuseCredentials(object);
    placeOf(cluster, object);
  }
  const applied: AppliedObject[] = [];
  for (const object of objects) applied.push(await applyOne(cluster, object, options, applied));
  return applied;
}

async function applyOne(
  cluster: Cluster,
  object: KubeObject,
  options: ApplyOptions,
  before: readonly AppliedObject[],
): Promise<AppliedObject> {
  const { fieldManager = 'microtome', dryRun, force = false, adopt = false, signal } = options;
  const { namespace, path } = placeOf(cluster, object);
  const live = await cluster.send({ method: 'GET', path, signal });
  if (live.status !== 200 && live.status !== 404) throw refusalOf(live, `${titleOf(object)} could not be read`);
  if (live.status === 200 && !adopt) refuseOthers(object, live);
  const answer = await cluster.send({
    method: 'PATCH',
    path,
    query: {
      fieldManager,
      fieldValidation: 'Strict',
      force: String(force),
      ...(dryRun === undefined ? {} : { dryRun: 'All' }),
    },
    contentType: 'application/apply-patch+yaml',
    body: live.status === 200 ? withLiveSuspend(object, live) : object,
    signal,
  });
  if (answer.status !== 200 && answer.status !== 201) {
    const done = before.map(({ kind, name }) => `${kind} ${name}`).join(', ');
    const already = done === '' || dryRun !== undefined ? '' : ` (applied before: ${done})`;
    throw refusalOf(answer, `${titleOf(object)} was refused${already}`);
  }
  const { apiVersion, kind, metadata } = object;
  const action = live.status === 404 ? 'created' : isSame(live, answer) ? 'unchanged' : 'changed';
  return { apiVersion, kind, name: metadata.name ?? '', namespace, action };
}

/** The label of the run would say that the object may be deleted with it. */
function refuseOthers(object: KubeObject, { body }: ApiResponse): void {
  const { metadata } = body as { readonly metadata?: KubeObject['metadata'] };
  const [own, there] = [object.metadata.labels?.[runLabel], metadata?.labels?.[runLabel]];
  if (own === undefined || own === there) return;
  const whose = there === undefined ? 'is of no run' : `is of the run ${shown(there)}`;
  throw new MicrotomeError('CLUSTER_REFUSED', 'options', `${titleOf(object)} is there already, and ${whose}`, {
    advice: `choose another name; or adopt it (--adopt), and it is deleted with the run ${own}`,
  });
}

interface Live {
  readonly spec?: { readonly suspend?: boolean; readonly runPolicy?: { readonly suspend?: boolean } };
}

/**
 * Whether an object is what it was, but for its status. Its resourceVersion does not say so: the second apply of a claim gives it
 * another one and changes nothing that can be seen, and a dry run gives none.
 */
function isSame(live: ApiResponse, answer: ApiResponse): boolean {
  const [before, after] = [live, answer].map(({ body }) => {
    const { status: _, metadata, ...rest } = body as { readonly status?: unknown; readonly metadata?: object };
    return canonicalJson({ ...rest, metadata: { ...metadata, resourceVersion: null, managedFields: null } });
  });
  return before === after;
}

/** The object with the `suspend` that it has in the cluster, where Kueue decides about it. */
function withLiveSuspend(object: KubeObject, live: ApiResponse): KubeObject {
  if (object.metadata.labels?.[queueLabel] === undefined) return object;
  const { spec = {} } = live.body as Live;
  const own = (object as KubeObject & { readonly spec: Live['spec'] }).spec ?? {};
  const held = { ...own };
  if (own.suspend !== undefined && spec.suspend !== undefined) Object.assign(held, { suspend: spec.suspend });
  if (own.runPolicy?.suspend !== undefined && spec.runPolicy?.suspend !== undefined)
    Object.assign(held, { runPolicy: { ...own.runPolicy, suspend: spec.runPolicy.suspend } });
  return { ...object, spec: held } as KubeObject;
}
