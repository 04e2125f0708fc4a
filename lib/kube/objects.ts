/** Objects of Kubernetes as plain data: what a manifest holds, and nothing that JSON does not have. */

/** A value that JSON has. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** What identifies an object in a cluster. */
export interface ObjectMeta {
  /** Left out only in the template of a trial, which Katib names. */
  readonly name?: string;
  /** Left out: the namespace that the object is applied in. */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Any object of Kubernetes: a plain value that `toYaml` and `applyManifests` take. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** An object that has `spec`. */
export interface WithSpec<Spec> extends KubeObject {
  readonly spec: Spec;
}

/** One variable of a container: a value that everybody may read, or where the value is. */
export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean };
    readonly configMapKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean };
    readonly fieldRef?: { readonly fieldPath: string };
  };
}

/** Quantities by the name of a resource, such as `cpu`, `memory`, `nvidia.com/gpu`. */
export type ResourceList = Readonly<Record<string, string>>;

/** What a container may use at most, and what is kept free for it. */
export interface ResourceRequirements {
  readonly limits?: ResourceList;
  readonly requests?: ResourceList;
}

/** Where a volume is in a container. */
export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
  readonly subPath?: string;
}

/** A volume of a pod. */
export interface Volume {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName: string; readonly readOnly?: boolean };
  readonly secret?: { readonly secretName: string; readonly defaultMode?: number };
  readonly emptyDir?: { readonly medium?: 'Memory'; readonly sizeLimit?: string };
}

/** An HTTP request that says whether a container works. */
export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: number };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

/** A container of a pod. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly resources?: ResourceRequirements;
  readonly volumeMounts?: readonly VolumeMount[];
  readonly ports?: readonly { readonly containerPort: number; readonly protocol: 'TCP'; readonly name?: string }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly securityContext?: Readonly<Record<string, Json>>;
}

/** A taint of a node that a pod puts up with. */
export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Exists' | 'Equal';
  readonly value?: string;
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  readonly tolerationSeconds?: number;
}

/** A pod. */
export interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly priorityClassName?: string;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: Readonly<Record<string, Json>>;
}

/** What pods are made from. */
export interface PodTemplate {
  readonly metadata?: ObjectMeta;
  readonly spec: PodSpec;
}

/** `v1` PersistentVolumeClaim. */
export interface VolumeClaim
  extends WithSpec<{
    readonly accessModes: readonly string[];
    readonly resources: { readonly requests: { readonly storage: string } };
    readonly storageClassName?: string;
    readonly volumeName?: string;
  }> {
  readonly kind: 'PersistentVolumeClaim';
}

/** One rule of what the end of a pod means for a Job. */
export interface PodFailureRule {
  readonly action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count';
  readonly onExitCodes?: {
    readonly containerName?: string;
    readonly operator: 'In' | 'NotIn';
    readonly values: readonly number[];
  };
  readonly onPodConditions?: readonly { readonly type: string; readonly status: string }[];
}

/** The spec of a `batch/v1` Job. */
export interface JobSpec {
  readonly completions?: number;
  readonly parallelism?: number;
  readonly completionMode?: 'Indexed' | 'NonIndexed';
  readonly backoffLimit?: number;
  readonly backoffLimitPerIndex?: number;
  readonly maxFailedIndexes?: number;
  readonly podFailurePolicy?: { readonly rules: readonly PodFailureRule[] };
  readonly podReplacementPolicy?: 'Failed' | 'TerminatingOrFailed';
  readonly activeDeadlineSeconds?: number;
  readonly ttlSecondsAfterFinished?: number;
  readonly suspend?: boolean;
  readonly template: PodTemplate;
}

/** `batch/v1` Job. */
export interface Job extends WithSpec<JobSpec> {
  readonly kind: 'Job';
}

/** One part of a PyTorchJob. */
export interface ReplicaSpec {
  readonly replicas: number;
  readonly restartPolicy: 'Always' | 'OnFailure' | 'Never' | 'ExitCode';
  readonly template: PodTemplate;
}

/** How a PyTorchJob ends and what is left of it. */
export interface RunPolicy {
  readonly cleanPodPolicy?: 'All' | 'Running' | 'None';
  readonly ttlSecondsAfterFinished?: number;
  readonly activeDeadlineSeconds?: number;
  readonly backoffLimit?: number;
  readonly suspend?: boolean;
}

/** `kubeflow.org/v1` PyTorchJob. */
export interface PyTorchJob
  extends WithSpec<{
    readonly nprocPerNode?: string;
    readonly runPolicy: RunPolicy;
    readonly pytorchReplicaSpecs: { readonly Master: ReplicaSpec; readonly Worker?: ReplicaSpec };
  }> {
  readonly kind: 'PyTorchJob';
}

/** `trainer.kubeflow.org/v1alpha1` TrainJob. */
export interface TrainJob
  extends WithSpec<{
    readonly runtimeRef: { readonly apiGroup: string; readonly kind: string; readonly name: string };
    readonly trainer: {
      readonly image?: string;
      readonly command?: readonly string[];
      readonly args?: readonly string[];
      readonly env?: readonly EnvVar[];
      readonly numNodes: number;
      readonly numProcPerNode?: number | string;
      readonly resourcesPerNode?: ResourceRequirements;
    };
    readonly labels?: Readonly<Record<string, string>>;
    readonly podTemplateOverrides?: readonly Json[];
    readonly runtimePatches?: readonly Json[];
    readonly suspend?: boolean;
    readonly activeDeadlineSeconds?: number;
  }> {
  readonly kind: 'TrainJob';
}

/** `trainer.kubeflow.org/v1alpha1` TrainingRuntime. */
export interface TrainingRuntime
  extends WithSpec<{
    readonly mlPolicy: { readonly numNodes: number; readonly torch: Readonly<Record<string, Json>> };
    readonly template: {
      readonly spec: {
        readonly ttlSecondsAfterFinished?: number;
        readonly failurePolicy?: { readonly maxRestarts: number };
        readonly replicatedJobs: readonly {
          readonly name: string;
          readonly replicas: number;
          readonly template: { readonly metadata: ObjectMeta; readonly spec: JobSpec };
        }[];
      };
    };
  }> {
  readonly kind: 'TrainingRuntime';
}

/** `kubeflow.org/v1beta1` Experiment of Katib. */
export interface Experiment
  extends WithSpec<{
    readonly objective: {
      readonly type: 'maximize' | 'minimize';
      readonly goal?: number;
      readonly objectiveMetricName: string;
      readonly additionalMetricNames?: readonly string[];
    };
    readonly algorithm: { readonly algorithmName: string };
    readonly parallelTrialCount: number;
    readonly maxTrialCount: number;
    readonly maxFailedTrialCount: number;
    readonly parameters: readonly {
      readonly name: string;
      readonly parameterType: 'double' | 'int' | 'categorical' | 'discrete';
      readonly feasibleSpace: Readonly<Record<string, Json>>;
    }[];
    readonly metricsCollectorSpec: { readonly collector: { readonly kind: 'StdOut' } };
    readonly trialTemplate: {
      readonly primaryContainerName: string;
      readonly primaryPodLabels: Readonly<Record<string, string>>;
      readonly successCondition: string;
      readonly failureCondition: string;
      readonly retain?: boolean;
      readonly trialParameters: readonly { readonly name: string; readonly reference: string }[];
      readonly trialSpec: KubeObject;
    };
  }> {
  readonly kind: 'Experiment';
}

/** `serving.kserve.io/v1beta1` InferenceService. */
export interface InferenceService
  extends WithSpec<{ readonly predictor: { readonly [field: string]: Json | undefined } }> {
  readonly kind: 'InferenceService';
}
