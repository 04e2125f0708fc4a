/** checkManifest: what a cluster would refuse, found without one. */
import { checkCredentials } from './credentials.js';
import { checkExperiment } from './experiment.js';
import { checkFields, kindShapes } from './fields.js';
import { checkJob } from './job.js';
import { checkAnnotations, checkLabelName, checkLabels, checkQuantity, checkSubdomainName } from './names.js';
import { Findings, Part, shown } from './part.js';
import type { Problem } from './rules.js';
import { checkInferenceService } from './serving.js';
import { checkPyTorchJob, checkTrainingRuntime, checkTrainJob, type TrainerVersion } from './training.js';

/** Options of {@link checkManifest}. */
export interface CheckManifestOptions {
  /** Version of Kubeflow Trainer that TrainJobs and TrainingRuntimes are for. @defaultValue '2.2+' */
  readonly trainer?: TrainerVersion | undefined;
}

const kKinds: Readonly<Record<string, (object: Part, version: TrainerVersion) => void>> = {
  'v1 PersistentVolumeClaim': checkClaim,
  'batch/v1 Job': checkJob,
  'kubeflow.org/v1 PyTorchJob': checkPyTorchJob,
  'kubeflow.org/v1beta1 Experiment': checkExperiment,
  'trainer.kubeflow.org/v1alpha1 TrainJob': checkTrainJob,
  'trainer.kubeflow.org/v1alpha1 TrainingRuntime': checkTrainingRuntime,
  'trainer.kubeflow.org/v1alpha1 ClusterTrainingRuntime': checkTrainingRuntime,
  'serving.kserve.io/v1beta1 InferenceService': checkInferenceService,
};

/**
 * What is wrong with a manifest: the rules of {@link manifestRules}, among them those that the webhooks of Kubeflow,
 * Katib and KServe have. Needs no cluster. Nothing found is no promise: quotas, missing Secrets and claims, and what a
 * cluster adds are known to the cluster alone; `applyManifests` with `dryRun: 'server'` asks it.
 *
 * `object` may be anything, such as a document of a YAML file. Never throws. No message holds a value that may be a
 * credential.
 *
 * @example
 * ```ts
 * const problems = checkManifest({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'Score' } });
 * for (const { rule, path, message } of problems) console.log(`${rule}: ${path} ${message}`);
 * ```
 */
export function checkManifest(object: unknown, { trainer = '2.2+' }: CheckManifestOptions = {}): readonly Problem[] {
  const findings = new Findings();
  const whole = new Part(object, '', findings);
  if (!whole.isObject) {
    whole.error('shape', `is ${shown(object)}, expected an object`);
    return findings.problems;
  }
  checkCredentials(whole);
  const [version, kind] = [whole.get('apiVersion'), whole.get('kind')];
  if (kind.text === 'Secret') {
    kind.error(
      'literal-credential',
      'is Secret, whose values would be read by everybody who reads the manifest; make it with kubectl create secret',
    );
    return findings.problems;
  }
  whole.get('metadata').isThere();
  checkLabels(whole.at('metadata.labels'));
  checkAnnotations(whole.at('metadata.annotations'));
  if (whole.at('metadata.namespace').isGiven) checkLabelName(whole.at('metadata.namespace'));
  const name = `${version.text} ${kind.text}`;
  const check = Object.hasOwn(kKinds, name) ? kKinds[name] : undefined;
  if (check === undefined)
    kind.error(
      'unknown-kind',
      `is ${shown(kind.value)} of ${shown(version.value)}; known are ${Object.keys(kKinds).join(', ')}`,
    );
  else {
    checkFields(whole, kindShapes[kind.text ?? ''] ?? 'any');
    check(whole, trainer);
  }
  return findings.problems;
}

function checkClaim(claim: Part): void {
  checkSubdomainName(claim.at('metadata.name'));
  const spec = claim.get('spec');
  const modes = spec.get('accessModes');
  if (modes.items.length === 0) modes.error('shape', 'is missing');
  for (const mode of modes.items) mode.choice(['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod']);
  const storage = spec.at('resources.requests.storage');
  if (storage.isThere()) checkQuantity(storage);
}
