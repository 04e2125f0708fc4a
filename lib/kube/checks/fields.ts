/** The fields that the kinds have, as far down as manifests of microtome go: an API server drops others or refuses them. */
import { nearest } from '../../core/near-miss.js';
import { shown, type Part } from './part.js';

/** `any`: whatever is below is not looked at. */
type Shape = 'any' | { readonly list: Shape } | { readonly map: Shape } | { readonly fields: Fields };
type Fields = Readonly<Record<string, Shape>>;

/** An object: names of fields that are not looked into, and those that are. */
const object = (names: string, nested: Fields = {}): Shape => ({
  fields: {
    ...Object.fromEntries(
      names
        .split(' ')
        .filter((name) => name !== '')
        .map((name) => [name, 'any' as const]),
    ),
    ...nested,
  },
});
const list = (shape: Shape): Shape => ({ list: shape });

/** Of an object that is applied: what the server adds, such as uid, is not written by hand. */
const metadata = object('name generateName namespace labels annotations finalizers ownerReferences');

const env = list(
  object('name value', {
    valueFrom: object('fieldRef resourceFieldRef', {
      secretKeyRef: object('key name optional'),
      configMapKeyRef: object('key name optional'),
      fileKeyRef: object('key path volumeName optional'),
    }),
  }),
);
const resources = object('claims limits requests');
const volumeMounts = list(object('mountPath mountPropagation name readOnly recursiveReadOnly subPath subPathExpr'));
const probe = object(
  'exec failureThreshold grpc initialDelaySeconds periodSeconds successThreshold tcpSocket terminationGracePeriodSeconds timeoutSeconds',
  {
    httpGet: object('host httpHeaders path port scheme'),
  },
);
const probes = { livenessProbe: probe, readinessProbe: probe, startupProbe: probe };
const rightsOfContainer = object(
  'allowPrivilegeEscalation appArmorProfile capabilities privileged procMount readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser seLinuxOptions seccompProfile windowsOptions',
);
const containerNames =
  'args command envFrom image imagePullPolicy lifecycle name ports resizePolicy restartPolicy restartPolicyRules stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices workingDir';
const ofContainer: Fields = { ...probes, env, resources, volumeMounts, securityContext: rightsOfContainer };
const container = object(containerNames, ofContainer);

const volume = object(
  'awsElasticBlockStore azureDisk azureFile cephfs cinder configMap csi downwardAPI ephemeral fc flexVolume flocker gcePersistentDisk gitRepo glusterfs hostPath image iscsi name nfs photonPersistentDisk portworxVolume projected quobyte rbd scaleIO storageos vsphereVolume',
  {
    emptyDir: object('medium sizeLimit'),
    persistentVolumeClaim: object('claimName readOnly'),
    secret: object('defaultMode items optional secretName'),
  },
);
const podNames =
  'activeDeadlineSeconds affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride imagePullSecrets nodeName nodeSelector os overhead preemptionPolicy priority priorityClassName readinessGates resourceClaims resources restartPolicy runtimeClassName schedulerName schedulingGates schedulingGroup serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain terminationGracePeriodSeconds topologySpreadConstraints';
const ofPod: Fields = {
  containers: list(container),
  initContainers: list(container),
  volumes: list(volume),
  tolerations: list(object('effect key operator tolerationSeconds value')),
  securityContext: object(
    'appArmorProfile fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser seLinuxChangePolicy seLinuxOptions seccompProfile supplementalGroups supplementalGroupsPolicy sysctls windowsOptions',
  ),
};
const template = object('', { metadata, spec: object(podNames, ofPod) });

const jobSpec = object(
  'activeDeadlineSeconds backoffLimit backoffLimitPerIndex completionMode completions managedBy manualSelector maxFailedIndexes parallelism podReplacementPolicy selector successPolicy suspend ttlSecondsAfterFinished',
  {
    template,
    podFailurePolicy: object('', {
      rules: list(
        object('action', {
          onExitCodes: object('containerName operator values'),
          onPodConditions: list(object('status type')),
        }),
      ),
    }),
  },
);
const pyTorchJobSpec = object('elasticPolicy nprocPerNode', {
  pytorchReplicaSpecs: { map: object('replicas restartPolicy', { template }) },
  runPolicy: object(
    'activeDeadlineSeconds backoffLimit cleanPodPolicy managedBy schedulingPolicy suspend ttlSecondsAfterFinished',
  ),
});
/** Which of the patches belongs to the version is another rule. */
const trainJobSpec = object('activeDeadlineSeconds annotations initializer labels managedBy suspend', {
  runtimeRef: object('apiGroup kind name'),
  trainer: object('args command image numNodes numProcPerNode', { env, resourcesPerNode: resources }),
  podTemplateOverrides: list(
    object('metadata targetJobs', {
      spec: object(
        'affinity containers imagePullSecrets initContainers nodeSelector schedulingGates serviceAccountName tolerations volumes',
      ),
    }),
  ),
  runtimePatches: list(object('manager time trainingRuntimeSpec')),
});
const runtimeSpec = object('podGroupPolicy', {
  mlPolicy: object('flux jax mpi numNodes torch xgboost'),
  template: object('metadata', {
    spec: object(
      'coordinator failurePolicy managedBy network startupPolicy successPolicy suspend ttlSecondsAfterFinished volumeClaimPolicies',
      {
        replicatedJobs: list(
          object('dependsOn groupName name replicas', { template: object('', { metadata, spec: jobSpec }) }),
        ),
      },
    ),
  }),
});
const experimentSpec = object(
  'earlyStopping maxFailedTrialCount maxTrialCount nasConfig parallelTrialCount resumePolicy',
  {
    objective: object('additionalMetricNames goal metricStrategies objectiveMetricName type'),
    algorithm: object('algorithmName algorithmSettings'),
    metricsCollectorSpec: object('collector source'),
    parameters: list(object('name parameterType', { feasibleSpace: object('distribution list max min step') })),
    trialTemplate: object(
      'configMap failureCondition primaryContainerName primaryPodLabels retain successCondition trialSpec',
      { trialParameters: list(object('description name reference')) },
    ),
  },
);
const frameworks = 'huggingface lightgbm onnx paddle pmml pytorch sklearn tensorflow triton xgboost';
const serviceSpec = object('explainer transformer', {
  predictor: object(
    `${podNames} ${frameworks} annotations autoScaling batcher canaryTrafficPercent containerConcurrency deploymentStrategy labels logger maxReplicas minReplicas scaleMetric scaleMetricType scaleTarget storageUris timeout workerSpec`,
    {
      ...ofPod,
      model: object(`${containerNames} protocolVersion runtime runtimeVersion storage storageUri`, {
        ...ofContainer,
        modelFormat: object('name version'),
      }),
    },
  ),
});
const claimSpec = object(
  'accessModes dataSource dataSourceRef resources selector storageClassName volumeAttributesClassName volumeMode volumeName',
);

const whole = (spec: Shape): Shape => object('apiVersion kind status', { metadata, spec });

/** The fields of every kind that `checkManifest` knows. */
export const kindShapes: Readonly<Record<string, Shape>> = {
  PersistentVolumeClaim: whole(claimSpec),
  Job: whole(jobSpec),
  PyTorchJob: whole(pyTorchJobSpec),
  TrainJob: whole(trainJobSpec),
  TrainingRuntime: whole(runtimeSpec),
  ClusterTrainingRuntime: whole(runtimeSpec),
  Experiment: whole(experimentSpec),
  InferenceService: whole(serviceSpec),
};

/** Says which fields the kind does not have. */
export function checkFields(part: Part, shape: Shape): void {
  if (shape === 'any') return;
  if ('list' in shape) {
    for (const item of part.items) checkFields(item, shape.list);
    return;
  }
  if ('map' in shape) {
    for (const [, value] of part.entries) checkFields(value, shape.map);
    return;
  }
  for (const [key, value] of part.entries) {
    const known = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
    if (known !== undefined) checkFields(value, known);
    else part.error('unknown-field', `has no field ${shown(key)}${hint(key, Object.keys(shape.fields))}`);
  }
}

function hint(key: string, names: readonly string[]): string {
  const found = nearest(key, names);
  return found === null ? '' : `; did you mean ${found}?`;
}
