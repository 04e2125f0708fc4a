/** The public names of `microtome/kube`, and nothing else. Importing this opens no connection and reads no file. */

export { volumeClaim } from './builders/volume-claim.js';
export type { VolumeClaimOptions } from './builders/volume-claim.js';
export { parseSecretKey, secretReference } from './builders/secret-reference.js';
export { pyTorchJob } from './builders/pytorch-job.js';
export type { PyTorchJobOptions } from './builders/pytorch-job.js';
export { trainingRuntime, trainJob, trainJobWithRuntime } from './builders/train-job.js';
export type { TrainerOptions, TrainingRuntimeOptions, TrainJobOptions } from './builders/train-job.js';
export { experiment } from './builders/experiment.js';
export type { ExperimentOptions, TuningParameter } from './builders/experiment.js';
export { scoreExitCodes, scoreJob, scorerContainer } from './builders/score-job.js';
export type { ScoreJobOptions } from './builders/score-job.js';
export { inferenceService, tritonService } from './builders/inference-service.js';
export type { InferenceServiceOptions, ServiceOptions, TritonServiceOptions } from './builders/inference-service.js';
export { pipelineAnnotation, queueLabel, runLabel } from './run.js';
export type { ObjectOptions, QueueOptions, RunOptions } from './run.js';
export type { ClaimMount, PodOptions, Resources, SecretKey, SecretMount } from './pod.js';
export { fromYaml, toYaml } from './yaml.js';
export { checkManifest } from './checks/check-manifest.js';
export type { CheckManifestOptions } from './checks/check-manifest.js';
export { manifestRules } from './checks/rules.js';
export type { ManifestRule, Problem } from './checks/rules.js';
export type { TrainerVersion } from './checks/training.js';
export { connectCluster } from './apply/cluster.js';
export type { Cluster, ClusterOptions } from './apply/cluster.js';
export { applyManifests } from './apply/apply-manifests.js';
export type { AppliedObject, ApplyOptions } from './apply/apply-manifests.js';
export { waitFor } from './apply/wait-for.js';
export type { WaitOptions, WaitResult, WaitState } from './apply/wait-for.js';
export { indexReport } from './apply/index-report.js';
export type { FailedIndex, IndexReport } from './apply/index-report.js';
export type { PodReport } from './apply/pods-report.js';
export type { ObjectState } from './apply/conditions.js';
export { deleteRun } from './apply/delete-run.js';
export type { DeletedRun, DeleteOptions, NotListed, RunObject } from './apply/delete-run.js';
export type {
  Container,
  EnvVar,
  Experiment,
  InferenceService,
  Job,
  JobSpec,
  Json,
  KubeObject,
  ObjectMeta,
  PodFailureRule,
  PodSpec,
  PodTemplate,
  Probe,
  PyTorchJob,
  ReplicaSpec,
  ResourceList,
  ResourceRequirements,
  RunPolicy,
  Toleration,
  TrainingRuntime,
  TrainJob,
  Volume,
  VolumeClaim,
  VolumeMount,
  WithSpec,
} from './objects.js';
