/** Scores on request, under KServe. */
import { checked } from '../checked.js';
import type { InferenceService, Json, Probe } from '../objects.js';
import { containerOf, envOf, podSettings, podSecurity, resourcesOf, type PodOptions } from '../pod.js';
import { objectOf, runLabels, withoutUndefined, type ObjectOptions } from '../run.js';

/** Options of every InferenceService. */
export interface ServiceOptions extends ObjectOptions {
  /** @defaultValue 1 */
  readonly minReplicas?: number | undefined;
  /** @defaultValue 1 */
  readonly maxReplicas?: number | undefined;
  /** Seconds that one request may take. Left out: KServe's default, 60. */
  readonly timeoutSeconds?: number | undefined;
  /**
   * How KServe runs it. `RawDeployment`: as a Deployment, without Knative; KServe 0.16 calls it `Standard` and takes both
   * words. @defaultValue 'RawDeployment'
   */
  readonly deploymentMode?: 'RawDeployment' | 'Standard' | 'Serverless' | 'Knative' | undefined;
}

/** Options of {@link inferenceService}. */
export interface InferenceServiceOptions extends ServiceOptions, PodOptions {
  /** The model, in the container: a bundle or an .onnx file. */
  readonly model: string;
  /** @defaultValue 8080 */
  readonly port?: number | undefined;
  /** More arguments of `microtome serve`. */
  readonly serveArguments?: readonly string[] | undefined;
}

/** Options of {@link tritonService}. */
export interface TritonServiceOptions
  extends ServiceOptions,
    Pick<PodOptions, 'env' | 'secretEnv' | 'resources' | 'nodeSelector' | 'tolerations' | 'serviceAccount' | 'userId'> {
  /** Where the model repository is: `pvc://claim/folder`, `s3://bucket/folder`. */
  readonly storageUri: string;
  /** Tag of Triton's image, such as `24.06-py3`. */
  readonly runtimeVersion: string;
}

const kDefaultPort = 8080;

/**
 * An InferenceService whose predictor is `microtome serve`, which speaks the Open Inference Protocol v2. Throws
 * INVALID_OPTION.
 *
 * @example
 * ```ts
 * const service = inferenceService({
 *   run: 'lesions-1',
 *   name: 'lesions',
 *   image: 'registry.example.org/microtome-server:0.1.0',
 *   model: '/models/my-bundle',
 *   claims: [{ claim: 'models', path: '/models', readOnly: true }],
 * });
 * ```
 */
export function inferenceService(options: InferenceServiceOptions): InferenceService {
  const { model, port = kDefaultPort, serveArguments = [] } = options;
  const container = containerOf(options, {
    name: 'kserve-container',
    command: ['microtome', 'serve', '--model', model, '--host', '0.0.0.0', '--port', String(port), ...serveArguments],
    ports: [{ containerPort: port, protocol: 'TCP' }],
    // A large model may take minutes to load.
    startupProbe: probe('/v2/health/live', port, 60),
    readinessProbe: probe('/v2/health/ready', port, 3),
    livenessProbe: probe('/v2/health/live', port, 6),
  });
  return serviceOf(options, { annotations: options.podAnnotations, ...podSettings(options), containers: [container] });
}

function probe(path: string, port: number, failureThreshold: number): Probe {
  return { httpGet: { path, port }, periodSeconds: 10, failureThreshold };
}

/** Triton's image has a user with this number, who owns nothing that Triton must write to. */
const kTritonUser = 1000;

/**
 * An InferenceService that runs NVIDIA Triton over a model repository, such as `writeTritonRepository` makes one. Its
 * image may write to its own files, unlike those of ours. Throws INVALID_OPTION.
 *
 * @example
 * ```ts
 * const service = tritonService({
 *   run: 'lesions-1',
 *   name: 'lesions-triton',
 *   storageUri: 'pvc://models/model-repository',
 *   runtimeVersion: '24.06-py3',
 *   resources: { memory: '4Gi', gpus: 1 },
 * });
 * ```
 */
export function tritonService(options: TritonServiceOptions): InferenceService {
  const { storageUri, runtimeVersion, nodeSelector, tolerations, serviceAccount, userId = kTritonUser } = options;
  const env =
    options.env === undefined && options.secretEnv === undefined ? undefined : envOf({ ...options, image: '' });
  return serviceOf(options, {
    nodeSelector,
    tolerations,
    serviceAccountName: serviceAccount,
    securityContext: podSecurity({ image: '', userId }),
    model: {
      modelFormat: { name: 'triton' },
      protocolVersion: 'v2',
      runtimeVersion,
      storageUri,
      env,
      resources: resourcesOf(options.resources),
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  });
}

function serviceOf(options: ServiceOptions, predictor: object): InferenceService {
  const { minReplicas = 1, maxReplicas = Math.max(1, minReplicas), timeoutSeconds } = options;
  const { deploymentMode = 'RawDeployment', annotations } = options;
  const spec = {
    predictor: {
      minReplicas,
      maxReplicas,
      timeout: timeoutSeconds,
      // KServe gives them to its pods.
      labels: runLabels(options, 'serving'),
      ...predictor,
    },
  };
  return checked(
    objectOf(
      { ...options, annotations: { ...annotations, 'serving.kserve.io/deploymentMode': deploymentMode } },
      {
        apiVersion: 'serving.kserve.io/v1beta1',
        kind: 'InferenceService',
        component: 'serving',
        word: 'serve',
        spec: withoutUndefined(spec) as unknown as { readonly predictor: { readonly [field: string]: Json } },
      },
    ),
  );
}
