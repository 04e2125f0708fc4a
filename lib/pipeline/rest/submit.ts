/** Gives a pipeline to Kubeflow Pipelines, and begins a run of it. */
import { createHash } from 'node:crypto';
import { MicrotomeError } from '../../core/errors.js';
import { refuseCredentials } from '../credentials.js';
import { checkPipeline } from '../ir/check.js';
import { pipelineText } from '../ir/file.js';
import type { PipelineIr } from '../ir/types.js';
import { runParameters } from '../run-parameters.js';
import { KfpConnection, KfpRefusal, type KfpOptions } from './transport.js';

/** Options of {@link submitPipeline}. */
export interface SubmitOptions extends KfpOptions {
  readonly pipeline: PipelineIr;
  /** @defaultValue the name in the pipeline */
  readonly pipelineName?: string | undefined;
  /** @defaultValue the name of the pipeline */
  readonly experiment?: string | undefined;
  /** @defaultValue the name of the pipeline and the first digits of a hash of the pipeline and its parameters */
  readonly runName?: string | undefined;
  /** Values of parameters, in place of their defaults. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  /** Service account of the pods; left out: the server's default. */
  readonly serviceAccount?: string | undefined;
}

/** What the server made, or had already. */
export interface SubmittedRun {
  readonly pipelineId: string;
  readonly versionId: string;
  readonly experimentId: string;
  readonly runId: string;
  readonly runName: string;
  /** True: the server had this version of the pipeline. */
  readonly versionWasThere: boolean;
  /** Where a browser shows the run. */
  readonly page: string;
}

/**
 * Uploads the pipeline, or a version of it where the server has one of its name; makes the experiment where it is not
 * there; begins a run. A version is named by the hash of its content, so that the same pipeline is not uploaded twice.
 * Rejects with INVALID_OPTION, PIPELINE_INVALID, NETWORK, or the signal's reason.
 *
 * @example
 * ```ts
 * const { runId } = await submitPipeline({ endpoint: 'https://kubeflow.example.org/pipeline', token, pipeline });
 * ```
 */
export async function submitPipeline(options: SubmitOptions): Promise<SubmittedRun> {
  const { pipeline, parameters = {}, serviceAccount } = options;
  checkPipeline(pipeline);
  // A wrong name or type is found here, before anything is uploaded.
  runParameters(pipeline, parameters);
  refuseCredentials(parameters);
  const { name } = pipeline.specification.pipelineInfo;
  const { pipelineName = name, experiment = name } = options;
  const text = pipelineText(pipeline);
  const version = `${pipelineName}-${hash(text)}`;
  const { runName = `${name}-${hash(text + JSON.stringify(parameters))}` } = options;
  const server = new KfpConnection(options);
  const uploaded = await uploadOnce(server, pipelineName, version, text);
  const experimentId = await experimentOf(server, experiment);
  const run = await server.send({
    method: 'POST',
    path: '/runs',
    query: { experiment_id: experimentId },
    json: {
      display_name: runName,
      experiment_id: experimentId,
      pipeline_version_reference: { pipeline_id: uploaded.pipelineId, pipeline_version_id: uploaded.versionId },
      runtime_config: { parameters },
      ...(serviceAccount === undefined ? {} : { service_account: serviceAccount }),
    },
  });
  const runId = textIn(run, 'run_id');
  return {
    ...uploaded,
    experimentId,
    runId,
    runName,
    page: server.page(`/#/runs/details/${encodeURIComponent(runId)}`),
  };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 10);

/** A text of an answer. Rejects with NETWORK where it is not there. */
export function textIn(answer: Readonly<Record<string, unknown>>, name: string): string {
  const value = answer[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new MicrotomeError('NETWORK', 'options', `the server's answer has no ${name}`, {
    advice: 'check that the server has the API v2beta1: Kubeflow Pipelines 2.0 or newer',
  });
}

interface Uploaded {
  readonly pipelineId: string;
  readonly versionId: string;
  readonly versionWasThere: boolean;
}

async function uploadOnce(server: KfpConnection, name: string, version: string, text: string): Promise<Uploaded> {
  const pipelineId = await idOfPipeline(server, name);
  const file = { name: `${name}.yaml`, text };
  if (pipelineId === null) {
    const made = await server.send({
      method: 'POST',
      path: '/pipelines/upload',
      query: { name, namespace: server.namespace },
      file,
    });
    const id = textIn(made, 'pipeline_id');
    const [first] = await listed(server, `/pipelines/${encodeURIComponent(id)}/versions`, 'pipeline_versions', {});
    if (first === undefined) throw new MicrotomeError('NETWORK', 'options', `the new pipeline ${name} has no version`);
    return { pipelineId: id, versionId: textIn(first, 'pipeline_version_id'), versionWasThere: false };
  }
  const path = `/pipelines/${encodeURIComponent(pipelineId)}/versions`;
  const versions = await listed(server, path, 'pipeline_versions', { filter: named(version) });
  const there = versions.find((one) => one['display_name'] === version || one['name'] === version);
  if (there !== undefined)
    return { pipelineId, versionId: textIn(there, 'pipeline_version_id'), versionWasThere: true };
  const made = await server.send({
    method: 'POST',
    path: '/pipelines/upload_version',
    query: { name: version, pipelineid: pipelineId },
    file,
  });
  return { pipelineId, versionId: textIn(made, 'pipeline_version_id'), versionWasThere: false };
}

async function idOfPipeline(server: KfpConnection, name: string): Promise<string | null> {
  try {
    const path = `/pipelines/names/${encodeURIComponent(name)}`;
    const found = await server.send({ method: 'GET', path, query: { namespace: server.namespace } });
    return textIn(found, 'pipeline_id');
  } catch (error) {
    if (error instanceof KfpRefusal && error.status === 404) return null;
    throw error;
  }
}

async function experimentOf(server: KfpConnection, name: string): Promise<string> {
  const query = { namespace: server.namespace, filter: named(name) };
  const there = (await listed(server, '/experiments', 'experiments', query)).find(
    (one) => one['display_name'] === name,
  );
  if (there !== undefined) return textIn(there, 'experiment_id');
  const json = { display_name: name, ...(server.namespace === undefined ? {} : { namespace: server.namespace }) };
  return textIn(await server.send({ method: 'POST', path: '/experiments', json }), 'experiment_id');
}

/** The filter of a list: entries of exactly that name. */
const named = (name: string): string =>
  JSON.stringify({ predicates: [{ operation: 'EQUALS', key: 'display_name', string_value: name }] });

const mostPages = 100;

/** All entries of a list, page after page. */
async function listed(
  server: KfpConnection,
  path: string,
  field: string,
  query: Readonly<Record<string, string | undefined>>,
): Promise<readonly Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; ++page) {
    const answer = await server.send({ method: 'GET', path, query: { ...query, page_size: '100', page_token: token } });
    const entries = answer[field];
    if (Array.isArray(entries)) all.push(...(entries as Record<string, unknown>[]));
    const next = answer['next_page_token'];
    if (typeof next !== 'string' || next === '') break;
    token = next;
  }
  return all;
}
