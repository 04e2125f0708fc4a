/** What KServe makes of an InferenceService: one pod that runs its container, and is ready when its probe says so. */
import { pipelineInvalid } from '../../failure.js';
import { anything, integer, list, optional, text } from '../../shape.js';
import { claimsOf, envOf, field, fieldAs, nameOf, wordsOf, type EmulatedPod, type Manifest } from './pods.js';

export interface EmulatedService extends EmulatedPod {
  /** What the probe of the container asks for. */
  readonly readyPath: string;
}

/**
 * The pod of a service whose predictor is a container. It listens on `port` of this machine alone, whatever the manifest
 * says. Throws PIPELINE_INVALID, also for a predictor that needs a server of KServe's.
 */
export function podOfService(service: Manifest, port: number): EmulatedService {
  const predictor = field(service, 'spec.predictor');
  const [container] = fieldAs(predictor, 'containers', optional(list(anything))) ?? [];
  if (container === undefined)
    throw pipelineInvalid(
      `the InferenceService ${nameOf(service)} has no container; other predictors are not emulated`,
    );
  const [first] = fieldAs(container, 'ports', optional(list(anything))) ?? [];
  const told = first === undefined ? 8080 : fieldAs(first, 'containerPort', integer(1, 65_535));
  return {
    name: `${nameOf(service)}-predictor`,
    image: fieldAs(container, 'image', text()),
    words: wordsOf(container).map((word, i, words) => onThisMachine(word, words[i - 1], told, port)),
    env: { ...envOf(container), PORT: String(port) },
    claims: claimsOf(predictor, container),
    readyPath: fieldAs(container, 'readinessProbe.httpGet.path', optional(text(/^\//, 'a path'))) ?? '/v2/health/ready',
  };
}

function onThisMachine(word: string, before: string | undefined, told: number, port: number): string {
  if (word === '0.0.0.0' && before === '--host') return '127.0.0.1';
  if (word === '--host=0.0.0.0') return '--host=127.0.0.1';
  if (word === String(told) && before === '--port') return String(port);
  return word === `--port=${told}` ? `--port=${port}` : word;
}
