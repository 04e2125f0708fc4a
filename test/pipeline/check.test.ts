/** Everything that can be wrong with a pipeline is found: each mutation of a good one is refused, by name. */
import { describe, expect, it } from 'vitest';
import {
  checkPipeline,
  parsePipeline,
  pipelineProblems,
  pipelineText,
  type PipelineIr,
} from '../../lib/pipeline/index.js';
import { fullPipeline } from './support.js';

/* biome-ignore-start lint/suspicious/noExplicitAny: a mutation may do anything. */
type Loose = any;

function mutated(change: (specification: Loose, kubernetes: Loose) => void): PipelineIr {
  const copy = JSON.parse(JSON.stringify(fullPipeline())) as { specification: Loose; kubernetes: Loose };
  change(copy.specification, copy.kubernetes);
  return copy as PipelineIr;
}

const task = (specification: Loose, name: string): Loose => specification.root.dag.tasks[name];
const executor = (specification: Loose, name: string): Loose =>
  specification.deploymentSpec.executors[`exec-${name}`].container;

/** Names that lead nowhere, types that do not fit, circles: found by the checker. */
const inside: readonly [string, (specification: Loose, kubernetes: Loose) => void, RegExp][] = [
  [
    'a component that is not there',
    (s) => (task(s, 'train').componentRef.name = 'comp-x'),
    /there is no component comp-x/,
  ],
  [
    'an executor that is not there',
    (s) => (s.components['comp-train'].executorLabel = 'exec-x'),
    /there is no executor exec-x/,
  ],
  [
    'a task that is waited for and is not there',
    (s) => task(s, 'train').dependentTasks.push('nobody'),
    /there is no task nobody/,
  ],
  ['a circle', (s) => task(s, 'digest').dependentTasks.push('export'), /waits for/],
  ['a task that waits for itself', (s) => task(s, 'check').dependentTasks.push('check'), /check waits for check/],
  [
    'a producer that is not waited for',
    (s) => (task(s, 'export').dependentTasks = ['train', 'create-runs-volume']),
    /digest is not in dependentTasks/,
  ],
  [
    'an output that its producer has not',
    (s) => (task(s, 'train').inputs.parameters.run_key.taskOutputParameter.outputParameterKey = 'x'),
    /digest gives no parameter x/,
  ],
  [
    'an artifact that its producer has not',
    (s) => (task(s, 'score').inputs.artifacts.bundle.taskOutputArtifact.outputArtifactKey = 'x'),
    /export gives no artifact x/,
  ],
  [
    'an artifact of another kind',
    (s) => (s.components['comp-check'].inputDefinitions.artifacts.submission.artifactType.schemaTitle = 'system.Model'),
    /is system.Dataset, expected system.Model/,
  ],
  [
    'a parameter of the pipeline that is not there',
    (s) => (task(s, 'train').inputs.parameters.epochs.componentInputParameter = 'epoch'),
    /the pipeline has no parameter epoch/,
  ],
  [
    'a parameter of another type',
    (s) => (s.root.inputDefinitions.parameters.epochs = { parameterType: 'STRING', defaultValue: '3' }),
    /is STRING, expected NUMBER_INTEGER/,
  ],
  [
    'a default of another type',
    (s) => (s.root.inputDefinitions.parameters.epochs.defaultValue = 'three'),
    /the default "three" is not NUMBER_INTEGER/,
  ],
  [
    'a constant of another type',
    (s) => (task(s, 'create-data-volume').inputs.parameters.access_modes.runtimeValue.constant = 'x'),
    /the constant "x" is not LIST/,
  ],
  ['a parameter that is not given', (s) => delete task(s, 'train').inputs.parameters.epochs, /epochs is not given/],
  ['an artifact that is not given', (s) => delete task(s, 'score').inputs.artifacts.bundle, /bundle is not given/],
  [
    'a parameter that nobody declared',
    (s) => (task(s, 'train').inputs.parameters.more = { componentInputParameter: 'seed' }),
    /its component has no such parameter/,
  ],
  [
    'two sources of one parameter',
    (s) => (task(s, 'train').inputs.parameters.seed.runtimeValue = { constant: 1 }),
    /has 2 sources, expected one/,
  ],
  ['no source of a parameter', (s) => (task(s, 'train').inputs.parameters.seed = {}), /has 0 sources, expected one/],
  [
    'a placeholder of no known form',
    (s) => executor(s, 'train').args.push('{{$.inputs.parameter.x}}'),
    /is no known placeholder/,
  ],
  [
    'a placeholder that does not end',
    (s) => executor(s, 'train').args.push("{{$.inputs.parameters['seed']"),
    /is no known placeholder/,
  ],
  [
    'a placeholder without its parameter',
    (s) => executor(s, 'export').args.push("{{$.inputs.parameters['epochs']}}"),
    /names nothing that its component has/,
  ],
  [
    'a placeholder in a variable',
    (s) => (executor(s, 'export').env = [{ name: 'A', value: "{{$.inputs.artifacts['x'].path}}" }]),
    /names nothing that its component has/,
  ],
  [
    'an output that is never written',
    (s) => (executor(s, 'digest').args = ['x']),
    /nothing tells the program where to write the parameter data_digest/,
  ],
  [
    'an artifact that is never written',
    (s) => (executor(s, 'score').args = ['x']),
    /nothing tells the program where to write the artifact submission/,
  ],
  ['no command', (s) => delete executor(s, 'score').command, /container\.command: is missing/],
  [
    'a component that nobody uses',
    (s) => (s.components.more = s.components['comp-train']),
    /components\.more: no task uses it/,
  ],
  [
    'an executor that nobody uses',
    (s) => (s.deploymentSpec.executors.more = s.deploymentSpec.executors['exec-train']),
    /executors\.more: no component uses it/,
  ],
  ['no task at all', (s) => (s.root.dag.tasks = {}), /no task/],
  ['a platform of no executor', (_, k) => (k['exec-x'] = { pvcMount: [] }), /exec-x: there is no such executor/],
  [
    'a volume of a parameter that is not there',
    (_, k) => (k['exec-digest'].pvcMount[0].pvcNameParameter = { componentInputParameter: 'x' }),
    /the pipeline has no parameter x/,
  ],
  [
    'a volume whose step is not waited for',
    (s) => (task(s, 'export').dependentTasks = ['train', 'digest']),
    /create-runs-volume is not in dependentTasks/,
  ],
  [
    'a volume with two names',
    (_, k) => (k['exec-digest'].pvcMount[0].taskOutputParameter.producerTask = 'create-runs-volume'),
    /names one claim in pvcNameParameter and another beside it/,
  ],
  [
    'two volumes at one path',
    (_, k) => (k['exec-index'].pvcMount[1].mountPath = '/data'),
    /two volumes have the same path/,
  ],
  ['a volume in another', (_, k) => (k['exec-index'].pvcMount[1].mountPath = '/data/runs'), /lies in another volume/],
  ['a volume at the root', (_, k) => (k['exec-index'].pvcMount[1].mountPath = '/'), /is no plain path/],
  ['a path that leads up', (_, k) => (k['exec-index'].pvcMount[1].mountPath = '/data/../runs'), /is no plain path/],
  ['a folder outside the volume', (_, k) => (k['exec-index'].pvcMount[1].subPath = '../x'), /leads out of its volume/],
  [
    'a variable of two values',
    (s) => (executor(s, 'download').env = [{ name: 'DATA_KEY', value: 'x' }]),
    /the variable DATA_KEY is set twice/,
  ],
  [
    'a secret of two names',
    (_, k) => (k['exec-download'].secretAsEnv[0].secretName = 'other'),
    /secretName is not what secretNameParameter says/,
  ],
];

/** Shapes that are not read at all. */
const outside: readonly [string, (specification: Loose, kubernetes: Loose) => void, RegExp][] = [
  ['another schema', (s) => (s.schemaVersion = '2.0.0'), /schemaVersion: "2\.0\.0", expected one of 2\.1\.0/],
  [
    'a misspelt field',
    (s) => (task(s, 'train').dependantTasks = []),
    /dependantTasks: is not known; did you mean dependentTasks\?/,
  ],
  ['a loop', (s) => (task(s, 'train').parameterIterator = {}), /parameterIterator: is not known/],
  ['a condition', (s) => (task(s, 'train').triggerPolicy = { condition: 'true' }), /triggerPolicy: is not known/],
  ['a graph in a graph', (s) => (s.components['comp-train'].dag = {}), /dag: is not known/],
  [
    'a number of another kind',
    (s) => (task(s, 'download').retryPolicy.maxRetryCount = '2'),
    /maxRetryCount: "2", expected a whole number/,
  ],
  [
    'a duration without its unit',
    (s) => (task(s, 'download').retryPolicy.backoffDuration = '30'),
    /expected a duration/,
  ],
  ['a pipeline without a name', (s) => delete s.pipelineInfo.name, /pipelineInfo\.name: is missing/],
  [
    'seconds as a number',
    (_, k) => (k['exec-train'].activeDeadlineSeconds = 5),
    /activeDeadlineSeconds: 5, expected seconds, as text/,
  ],
  ['a secret itself', (_, k) => (k['exec-download'].secretAsEnv[0].value = 'x'), /value: is not known/],
];
/* biome-ignore-end lint/suspicious/noExplicitAny: a mutation may do anything. */

describe('pipelineProblems', () => {
  it('finds nothing in a good pipeline', () => {
    expect(pipelineProblems(fullPipeline())).toEqual([]);
  });

  it.each(inside)('finds %s', (_, change, message) => {
    const broken = mutated(change);
    expect(pipelineProblems(broken).join('\n')).toMatch(message);
    expect(() => checkPipeline(broken, 'p.yaml')).toThrow(/PIPELINE_INVALID|p\.yaml/);
  });
});

describe('parsePipeline', () => {
  it.each(outside)('refuses %s', (_, change, message) => {
    expect(() => parsePipeline(pipelineText(mutated(change)))).toThrow(message);
  });

  it.each([
    ['no YAML', 'a: [', /no YAML/],
    ['a name twice', 'a: 1\na: 2', /no YAML/],
    ['three documents', 'a: 1\n---\nb: 1\n---\nc: 1', /3 YAML documents/],
    ['an alias', 'a: &x [1]\nb: *x', /aliases/],
    ['nothing', '', /0 YAML documents|expected an object/],
    ['a list', '- 1', /expected an object/],
    ['a file that is too large', `a: ${'x'.repeat(4 * 2 ** 20)}`, /larger than/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parsePipeline(text, 'p.yaml')).toThrow(message);
  });
});
