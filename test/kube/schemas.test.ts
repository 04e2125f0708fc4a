/** Every object of every builder against the official schemas: Kubeflow's, Katib's and KServe's, and those of the core. */
import { Job } from 'kubernetes-models/batch/v1';
import { PersistentVolumeClaim } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { checkManifest, type KubeObject, type TrainerVersion } from '../../lib/kube/index.js';
import { crdValidator, hasCrds, type Validate } from './support/crd-schemas.js';
import { objects, trainObjects } from './support/samples.js';

const files: Readonly<Record<string, string>> = {
  PyTorchJob: 'pytorchjobs-training-operator-v1.9.0.yaml',
  Experiment: 'experiments-katib.yaml',
  InferenceService: 'inferenceservices-kserve-0.16.yaml',
};
const trainerFiles: Readonly<Record<TrainerVersion, string>> = { '2.1': 'v2.1.0', '2.2+': 'v2.3.0' };

const compiled = new Map<string, Validate>();
function validatorOf(file: string): Validate {
  const found = compiled.get(file) ?? crdValidator(file);
  compiled.set(file, found);
  return found;
}

const core: Readonly<Record<string, Validate>> = {
  Job: (object) => refusalOf(() => new Job(object as never).validate()),
  PersistentVolumeClaim: (object) => refusalOf(() => new PersistentVolumeClaim(object as never).validate()),
};

function refusalOf(validate: () => void): readonly string[] {
  try {
    validate();
    return [];
  } catch (error) {
    return [String(error)];
  }
}

const titleOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`;

describe('objects of the core', () => {
  it.each(objects.filter(({ kind }) => kind in core).map((object) => [titleOf(object), object] as const))(
    '%s',
    (_, object) => {
      expect(core[object.kind]?.(object)).toEqual([]);
      expect(checkManifest(object)).toEqual([]);
    },
  );

  it('the schema sees a wrong type', () => {
    const job = objects.find(({ kind }) => kind === 'Job') as KubeObject & { spec: object };
    expect(core['Job']?.({ ...job, spec: { ...job.spec, completions: 'eight' } })).not.toEqual([]);
  });
});

describe.skipIf(!hasCrds)('custom objects, by the schemas of $MICROTOME_TEST_DATA/crds', () => {
  const custom = objects.filter(({ kind }) => kind in files);

  it.each(custom.map((object) => [titleOf(object), object] as const))('%s', (_, object) => {
    expect(validatorOf(files[object.kind] ?? '')(object)).toEqual([]);
    expect(checkManifest(object)).toEqual([]);
  });

  const ofTrainer = (['2.1', '2.2+'] as const).flatMap((version) =>
    trainObjects(version).map((object) => [titleOf(object), version, object] as const),
  );
  it.each(ofTrainer)('%s for Trainer %s', (_, trainer, object) => {
    const plural = object.kind === 'TrainJob' ? 'trainjobs' : 'trainingruntimes';
    expect(validatorOf(`${plural}-trainer-${trainerFiles[trainer]}.yaml`)(object)).toEqual([]);
    expect(checkManifest(object, { trainer })).toEqual([]);
  });
});
