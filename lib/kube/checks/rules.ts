/** The rules that a manifest is held to, by their names. */

/** Every rule with what it asks for. */
export const manifestRules = {
  shape: 'an object has apiVersion, kind, metadata and what its kind needs',
  'unknown-kind': 'the kind is one that microtome makes, in a version that it knows',
  'unknown-field': 'every field is one that the kind has',
  name: 'names are lower-case letters, digits and dashes, as the kind asks for',
  'name-too-long': 'names leave room for what controllers make of them: pods, services, host names',
  label: 'labels have the form that Kubernetes takes',
  quantity: 'amounts are quantities of Kubernetes, such as 500m or 8Gi',
  range: 'numbers are whole, and in the range that the field takes',
  choice: 'a word is one of those that the field takes',
  'literal-credential': 'a credential is a reference to a Secret, never a value',
  image: 'an image has a tag other than latest, or a digest',
  root: 'nothing runs as root or gains rights',
  mount: 'every mount has its volume, and an absolute path of its own',
  'env-name': 'variables have names, each of them once',
  'container-missing': 'the container that the controller looks for is there',
  'replica-type': 'a PyTorchJob has Master and Worker only',
  'master-replicas': 'a PyTorchJob has one Master',
  'worker-replicas': 'a PyTorchJob with Worker has at least one of them',
  'elastic-without-worker': 'elasticPolicy needs Worker',
  'runtime-ref': 'a TrainJob names its runtime',
  'proc-per-node': 'numProcPerNode has the type of the version of Trainer',
  'patches-version': 'podTemplateOverrides is for Trainer 2.1, runtimePatches for 2.2 and later',
  'reserved-env': 'PET_* is set by Trainer, and the variables of node only in trainer.env',
  'torchrun-missing': 'Trainer sets PET_* alone, which torchrun reads',
  'one-policy': 'a runtime has one policy at most: torch, mpi, jax, xgboost or flux',
  'trainer-step': 'the replicated job of the trainer has one replica, the label trainer, and a container node',
  'indexed-limits': 'limits for each index belong to an Indexed Job whose pods are never restarted in place',
  'indexed-size': 'completions, parallelism and failed indexes stay in the limits of an Indexed Job',
  'failure-policy': 'rules of podFailurePolicy are whole, ordered, and suit the Job',
  objective: 'an Experiment has an objective, an algorithm and parameters with their ranges',
  'trial-counts': 'trials in parallel and failed trials are no more than all trials',
  'trial-parameters': 'every parameter of a trial is used in it, and every one used is declared',
  'trial-name': 'Katib names the trial',
  'trial-conditions': 'Katib is told when a trial has succeeded and failed',
  predictor: 'an InferenceService has one predictor',
  'storage-uri': 'a model repository has an address that KServe reads',
} as const;

/** Name of a rule of {@link manifestRules}. */
export type ManifestRule = keyof typeof manifestRules;

/** What is wrong with a manifest. */
export interface Problem {
  readonly rule: ManifestRule;
  /** Where: `spec.template.spec.containers[0].image`; empty for the whole object. */
  readonly path: string;
  /** What was found and expected. No value that may be a credential is in it. */
  readonly message: string;
  /** `warning`: the cluster would take it, and it will probably not do what was meant. */
  readonly severity: 'error' | 'warning';
}
