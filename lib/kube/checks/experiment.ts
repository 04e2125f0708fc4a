/** Katib's Experiment: the rules of its webhook. */
import { checkFields, kindShapes } from './fields.js';
import { checkJobSpec } from './job.js';
import { checkLabelName, checkLabels } from './names.js';
import { shown, type Part } from './part.js';
import { checkPyTorchJobSpec, checkTrainJobSpec, type TrainerVersion } from './training.js';

/** Katib adds a dash and eight letters for each trial, and the controllers of trials add theirs. */
const podOfTrial = (name: string): string => `${name}-xxxxxxxx-worker-0`;

export function checkExperiment(experiment: Part, version: TrainerVersion): void {
  checkLabelName(experiment.at('metadata.name'), {
    longest: podOfTrial,
    what: 'the name of a pod of a trial',
    isService: true,
  });
  const spec = experiment.get('spec');
  if (!spec.isThere()) return;
  checkObjective(spec.get('objective'));
  if ((spec.at('algorithm.algorithmName').text ?? '') === '')
    spec.at('algorithm.algorithmName').error('objective', 'is missing');
  checkCounts(spec);
  const parameters = spec.get('parameters');
  if (parameters.items.length === 0) parameters.error('objective', 'is missing or empty');
  for (const parameter of parameters.items) checkParameter(parameter);
  checkTrial(spec.get('trialTemplate'), parameters, version);
}

function checkObjective(objective: Part): void {
  objective.get('type').choice(['maximize', 'minimize']);
  if (!objective.get('type').isGiven) objective.get('type').error('objective', 'is missing');
  const metric = objective.get('objectiveMetricName');
  if ((metric.text ?? '') === '') metric.error('objective', 'is missing');
  const others = objective.get('additionalMetricNames');
  if (others.items.some(({ value }) => value === metric.value))
    others.error('objective', `holds ${shown(metric.value)}, which is the objective already`);
}

function checkCounts(spec: Part): void {
  const all = spec.get('maxTrialCount');
  all.integer(1);
  spec.get('parallelTrialCount').integer(1);
  spec.get('maxFailedTrialCount').integer(0);
  for (const name of ['parallelTrialCount', 'maxFailedTrialCount']) {
    const count = spec.get(name);
    if (all.number !== undefined && (count.number ?? 0) > all.number)
      count.error('trial-counts', `is ${shown(count.value)}, more than maxTrialCount, ${all.number}`);
  }
}

function checkParameter(parameter: Part): void {
  if ((parameter.get('name').text ?? '') === '') parameter.get('name').error('objective', 'is missing');
  const [type, space] = [parameter.get('parameterType'), parameter.get('feasibleSpace')];
  type.choice(['double', 'int', 'categorical', 'discrete']);
  if (!type.isGiven) type.error('objective', 'is missing');
  const given = (names: readonly string[]): string[] => names.filter((name) => space.get(name).isGiven);
  for (const [name, value] of space.entries)
    if (name !== 'list' && value.text === undefined)
      value.error('objective', `is ${shown(value.value)}, expected text: Katib takes numbers as text`);
  if (type.text === 'double' || type.text === 'int') {
    if (given(['min', 'max']).length < 2) space.error('objective', `needs min and max for ${type.text}`);
    if (given(['list']).length > 0) space.error('objective', `has a list, which ${type.text} does not take`);
    const [min, max] = [Number(space.get('min').text), Number(space.get('max').text)];
    if (!(min <= max)) space.error('objective', 'needs numbers min and max, and min no larger than max');
  } else {
    if (given(['min', 'max', 'step']).length > 0) space.error('objective', 'has min, max or step beside a list');
    if (space.get('list').items.length === 0) space.error('objective', 'has no list');
  }
}

function checkTrial(template: Part, parameters: Part, version: TrainerVersion): void {
  if (!template.isThere()) return;
  const container = template.get('primaryContainerName');
  if ((container.text ?? '') === '') container.error('container-missing', 'is missing');
  for (const name of ['successCondition', 'failureCondition'])
    if ((template.get(name).text ?? '') === '') template.get(name).error('trial-conditions', 'is missing');
  const trial = template.get('trialSpec');
  if (!trial.isThere()) return;
  for (const name of ['name', 'namespace'])
    if (trial.at(`metadata.${name}`).isGiven) trial.at(`metadata.${name}`).error('trial-name', 'must be left out');
  checkLabels(trial.at('metadata.labels'));
  const main = checkTrialKind(trial, version);
  if (main !== undefined && !main.includes(container.text))
    container.error('container-missing', `is ${shown(container.value)}; the trial has ${main.join(' and ')}`);
  checkUse(template, trial, parameters);
}

/** Checks the trial and gives the names of its containers; undefined where they are not known. */
function checkTrialKind(trial: Part, version: TrainerVersion): readonly (string | undefined)[] | undefined {
  const spec = trial.get('spec');
  checkFields(trial, kindShapes[trial.get('kind').text ?? ''] ?? 'any');
  const kind = `${trial.get('apiVersion').text} ${trial.get('kind').text}`;
  if (kind === 'kubeflow.org/v1 PyTorchJob') {
    checkPyTorchJobSpec(spec);
    return ['pytorch'];
  }
  if (kind === 'trainer.kubeflow.org/v1alpha1 TrainJob') {
    checkTrainJobSpec(spec, version);
    return ['node'];
  }
  if (kind === 'batch/v1 Job') {
    checkJobSpec(spec);
    return spec.at('template.spec.containers').items.map((container) => container.get('name').text);
  }
  trial.get('kind').error('unknown-kind', 'is no PyTorchJob, TrainJob or Job in a version that is known here');
  return undefined;
}

/** `${trialParameters.name}` in the trial, and what it stands for. */
function checkUse(template: Part, trial: Part, parameters: Part): void {
  const declared = new Set(parameters.items.map((parameter) => parameter.get('name').text));
  const used = new Set(usedParameters(trial.value));
  const named = new Set<string>();
  for (const parameter of template.get('trialParameters').items) {
    const [name, reference] = [parameter.get('name'), parameter.get('reference')];
    if (named.has(name.text ?? '')) name.error('trial-parameters', `${shown(name.value)} is there twice`);
    named.add(name.text ?? '');
    if (!used.has(name.text ?? '')) name.error('trial-parameters', `${shown(name.value)} is not used in the trial`);
    const isMeta = /^\$\{trialSpec\./.test(reference.text ?? '');
    if (!isMeta && !declared.has(reference.text))
      reference.error('trial-parameters', `is ${shown(reference.value)}, which is no parameter of the experiment`);
  }
  for (const name of used)
    if (!named.has(name)) trial.error('trial-parameters', `uses ${shown(name)}, which trialParameters does not have`);
}

function usedParameters(value: unknown): string[] {
  const text = JSON.stringify(value) ?? '';
  return [...text.matchAll(/\$\{trialParameters\.([^{}"\\]{1,256})\}/g)].map(([, name = '']) => name);
}
