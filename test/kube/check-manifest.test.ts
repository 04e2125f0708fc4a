/** checkManifest: what is right passes, and each single change that a cluster would refuse is found by its rule. */
import { describe, expect, it } from 'vitest';
import { kindShapes } from '../../lib/kube/checks/fields.js';
import { checkManifest, manifestRules, pyTorchJob, trainJob, type ManifestRule } from '../../lib/kube/index.js';
import { crdSchema, crdValidator, hasCrds } from './support/crd-schemas.js';
import { changed, image, mutations, run, samples, stock } from './support/mutations.js';
import { objects, trainObjects } from './support/samples.js';

describe('checkManifest', () => {
  it.each(Object.entries(samples))('%s is right', (name, object) => {
    expect(checkManifest(object, { trainer: name.endsWith('21') ? '2.1' : '2.2+' })).toEqual([]);
  });

  it.each(mutations)('$title ($sample)', ({ sample, path, value, rule, trainer = '2.2+' }) => {
    const problems = checkManifest(JSON.parse(JSON.stringify(changed(sample, path, value))), { trainer });
    expect(problems.map((problem) => problem.rule)).toContain(rule);
    for (const { message, severity } of problems) {
      expect(message).toMatch(/^\S.*\S$/);
      expect(severity).toBe('error');
    }
  });

  it('every rule has a mutation that it finds', () => {
    const found = new Set(mutations.map(({ rule }) => rule));
    // These two are tested below and in secrets.test.ts.
    const others: readonly ManifestRule[] = ['torchrun-missing', 'literal-credential', 'elastic-without-worker'];
    expect(
      Object.keys(manifestRules)
        .filter((rule) => !found.has(rule as ManifestRule))
        .sort(),
    ).toEqual([...others].sort());
  });

  it('elasticPolicy without Worker', () => {
    const single = pyTorchJob({ run, image, command: ['main'], workers: 0 });
    const elastic = { ...single, spec: { ...single.spec, elasticPolicy: { maxReplicas: 2 } } };
    expect(checkManifest(elastic).map(({ rule }) => rule)).toEqual(['elastic-without-worker']);
  });

  it('a TrainJob that starts Python itself is a warning, and is built', () => {
    const plain = trainJob({ run, image, command: ['/usr/bin/python3', 'main.py'], runtime: stock });
    expect(checkManifest(plain)).toMatchObject([{ rule: 'torchrun-missing', severity: 'warning' }]);
    const started = ['python3', '-m', 'torch.distributed.run', 'main.py'];
    expect(checkManifest(trainJob({ run, image, command: started, runtime: stock }))).toEqual([]);
  });

  it.each([
    null,
    3,
    'text',
    [],
    {},
    { kind: 7 },
    { kind: '__proto__', apiVersion: 'v1' },
    { apiVersion: 'v1', kind: 'Pod' },
  ])('is no manifest: %j', (object) => {
    expect(checkManifest(object)).not.toEqual([]);
  });

  it('holds out against what is nested deeply and what is very long', () => {
    const deep = { kind: 'Job', apiVersion: 'batch/v1', spec: {} as Record<string, unknown> };
    let inner = deep.spec;
    for (let i = 0; i < 10_000; ++i) inner = inner['a'] = {} as Record<string, unknown>;
    expect(checkManifest(deep).map(({ message }) => message)).toContain('is nested more than 60 deep');
    const hostile = {
      ...samples.scoring,
      metadata: { name: 'x', annotations: { a: '=eyJ-'.repeat(20_000), b: 'a='.repeat(1e6) } },
    };
    expect(checkManifest(hostile).map(({ path, rule }) => `${path} ${rule}`)).toEqual([
      'metadata.annotations.a shape',
      'metadata.annotations.b shape',
    ]);
  });
});

describe.skipIf(!hasCrds)('the official schemas of $MICROTOME_TEST_DATA/crds', () => {
  const files = {
    training: 'pytorchjobs-training-operator-v1.9.0.yaml',
    trainJob: 'trainjobs-trainer-v2.3.0.yaml',
    trainJob21: 'trainjobs-trainer-v2.1.0.yaml',
    runtime: 'trainingruntimes-trainer-v2.3.0.yaml',
  } as const;
  /** Changes that the schemas forbid too; all other rules are the webhooks' and the API server's own. */
  const seen = [
    'a misspelt field of a PyTorchJob',
    'a misspelt field of a pod',
    'a misspelt field of a TrainJob',
    'a misspelt field of a runtime',
    'numProcPerNode auto on 2.2',
    'podTemplateOverrides on 2.2',
    'runtimePatches on 2.1',
    'a deadline on 2.1',
    'no runtime',
    'a number where nprocPerNode is text',
    'numProcPerNode in a runtime for 2.2',
  ];

  it.each(Object.keys(files) as (keyof typeof files)[])('refuse the same changes of %s', (sample) => {
    const validate = crdValidator(files[sample]);
    const own = mutations.filter((one) => one.sample === sample && seen.includes(one.title));
    expect(own.length).toBeGreaterThan(0);
    for (const { title, path, value } of own) expect(validate(changed(sample, path, value)), title).not.toEqual([]);
  });

  const jobOfRuntime = 'spec.template.spec.replicatedJobs.[].template.spec';
  const service = 'inferenceservices-kserve-0.16.yaml';
  /** A place in a schema, and the same place in the fields that checkManifest knows. */
  const places: readonly (readonly [string, string, string, string])[] = [
    [files.training, 'spec', 'PyTorchJob', 'spec'],
    [files.training, 'spec.runPolicy', 'PyTorchJob', 'spec.runPolicy'],
    [files.trainJob, 'spec', 'TrainJob', 'spec'],
    [files.trainJob21, 'spec', 'TrainJob', 'spec'],
    [files.trainJob, 'spec.trainer', 'TrainJob', 'spec.trainer'],
    [files.trainJob21, 'spec.podTemplateOverrides.[].spec', 'TrainJob', 'spec.podTemplateOverrides.[].spec'],
    [files.runtime, 'spec', 'TrainingRuntime', 'spec'],
    [files.runtime, 'spec.mlPolicy', 'TrainingRuntime', 'spec.mlPolicy'],
    [files.runtime, 'spec.template.spec', 'TrainingRuntime', 'spec.template.spec'],
    [files.runtime, jobOfRuntime, 'Job', 'spec'],
    [files.runtime, 'spec.template.spec.volumeClaimPolicies.[].templates.[].spec', 'PersistentVolumeClaim', 'spec'],
    [service, 'spec', 'InferenceService', 'spec'],
    [service, 'spec.predictor', 'InferenceService', 'spec.predictor'],
    [service, 'spec.predictor.model', 'InferenceService', 'spec.predictor.model'],
    ...[
      '',
      '.securityContext',
      '.containers.[]',
      '.containers.[].env.[].valueFrom',
      '.volumes.[]',
      '.tolerations.[]',
    ].map(
      (more) => [files.runtime, `${jobOfRuntime}.template.spec${more}`, 'Job', `spec.template.spec${more}`] as const,
    ),
    ...['volumeMounts.[]', 'securityContext', 'readinessProbe', 'readinessProbe.httpGet'].map(
      (more) =>
        [
          files.runtime,
          `${jobOfRuntime}.template.spec.containers.[].${more}`,
          'Job',
          `spec.template.spec.containers.[].${more}`,
        ] as const,
    ),
  ];
  const schemas = new Map<string, Schema>();

  it.each(places)('%s: every field of %s is known', (file, path, kind, own) => {
    const schema = schemas.get(file) ?? crdSchema(file);
    schemas.set(file, schema);
    const known = new Set(fieldsAt(kindShapes[kind], own));
    expect(known.size).toBeGreaterThan(0);
    expect(Object.keys(inside(schema, path)['properties'] as Schema).filter((name) => !known.has(name))).toEqual([]);
  });
});

type Schema = Record<string, unknown>;

function inside(schema: Schema, path: string): Schema {
  return path.split('.').reduce<Schema>((at, key) => {
    if (key === '[]') return at['items'] as Schema;
    if (key === '*') return at['additionalProperties'] as Schema;
    return (at['properties'] as Record<string, Schema>)[key] as Schema;
  }, schema);
}

function fieldsAt(shape: unknown, path: string): string[] {
  const found = path.split('.').reduce<unknown>((at, key) => {
    const { list, fields } = at as { readonly list?: unknown; readonly fields?: Record<string, unknown> };
    return key === '[]' ? list : fields?.[key];
  }, shape);
  return Object.keys((found as { readonly fields: object }).fields);
}

it('samples of all builders pass', () => {
  for (const object of objects) expect(checkManifest(object), object.kind).toEqual([]);
  for (const trainer of ['2.1', '2.2+'] as const)
    for (const object of trainObjects(trainer)) expect(checkManifest(object, { trainer }), object.kind).toEqual([]);
});
