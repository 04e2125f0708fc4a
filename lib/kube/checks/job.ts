/** `batch/v1` Job: what the API server asks for, and what a scoring job needs. */
import { checkLabelName } from './names.js';
import { shown, type Part } from './part.js';
import { checkPodTemplate } from './pods.js';

export function checkJob(job: Part): void {
  const spec = job.get('spec');
  if (!spec.isThere()) return;
  const last = Math.max(0, (spec.get('completions').number ?? 1) - 1);
  const isIndexed = spec.get('completionMode').text === 'Indexed';
  const longest = (name: string): string => (isIndexed ? `${name}-${last}` : name);
  checkLabelName(job.at('metadata.name'), { longest, what: 'the host name of the last pod' });
  checkJobSpec(spec);
}

/** The spec of a Job, or of the trial of an Experiment, which has no name yet. */
export function checkJobSpec(spec: Part): void {
  checkPodTemplate(spec.get('template'));
  spec.at('template.spec.restartPolicy').choice(['OnFailure', 'Never']);
  if (!spec.at('template.spec.restartPolicy').isGiven)
    spec.at('template.spec.restartPolicy').error('shape', 'is missing; a Job needs Never or OnFailure');
  spec.get('completionMode').choice(['Indexed', 'NonIndexed']);
  spec.get('podReplacementPolicy').choice(['Failed', 'TerminatingOrFailed']);
  for (const name of ['completions', 'parallelism', 'backoffLimit', 'backoffLimitPerIndex', 'maxFailedIndexes'])
    spec.get(name).integer(0);
  spec.get('ttlSecondsAfterFinished').integer(0);
  spec.get('activeDeadlineSeconds').integer(1);
  checkIndexes(spec);
  checkFailurePolicy(spec);
}

/** A Job with as many completions may have only so few failed indexes and pods at once. */
const kManyCompletions = 100_000;
const kFewOfMany = 10_000;

function checkIndexes(spec: Part): void {
  const [completions, parallelism] = [spec.get('completions'), spec.get('parallelism')];
  const [perIndex, maxFailed] = [spec.get('backoffLimitPerIndex'), spec.get('maxFailedIndexes')];
  const isIndexed = spec.get('completionMode').text === 'Indexed';
  if (isIndexed && !completions.isGiven) completions.error('indexed-size', 'is missing; an Indexed Job needs it');
  if (isIndexed && (parallelism.number ?? 0) > kManyCompletions)
    parallelism.error('indexed-size', `is ${shown(parallelism.value)}, at most ${kManyCompletions} for an Indexed Job`);
  if (maxFailed.isGiven && !perIndex.isGiven) maxFailed.error('indexed-limits', 'needs backoffLimitPerIndex');
  if (perIndex.isGiven && !isIndexed) perIndex.error('indexed-limits', 'needs completionMode: Indexed');
  if (perIndex.isGiven && spec.at('template.spec.restartPolicy').text !== 'Never')
    perIndex.error('indexed-limits', 'needs restartPolicy: Never, since a restart in place is not counted');
  if (!perIndex.isGiven) return;
  const count = completions.number ?? 0;
  if ((maxFailed.number ?? 0) > count)
    maxFailed.error('indexed-size', `is ${shown(maxFailed.value)}, more than the ${count} completions`);
  if (count <= kManyCompletions) return;
  if (!maxFailed.isGiven || (maxFailed.number ?? 0) > kFewOfMany)
    maxFailed.error(
      'indexed-size',
      `is ${shown(maxFailed.value)}; with more than ${kManyCompletions} completions it must be given, at most ${kFewOfMany}`,
    );
  if ((parallelism.number ?? 0) > kFewOfMany)
    parallelism.error(
      'indexed-size',
      `is ${shown(parallelism.value)}; with more than ${kManyCompletions} completions at most ${kFewOfMany}`,
    );
}

function checkFailurePolicy(spec: Part): void {
  const policy = spec.get('podFailurePolicy');
  if (!policy.isGiven) return;
  if (spec.at('template.spec.restartPolicy').text !== 'Never')
    policy.error('failure-policy', 'needs restartPolicy: Never');
  if (spec.get('podReplacementPolicy').text === 'TerminatingOrFailed')
    spec.get('podReplacementPolicy').error('failure-policy', 'must be Failed where podFailurePolicy is given');
  const rules = policy.get('rules');
  if (rules.items.length > 20) rules.error('failure-policy', `has ${rules.items.length} rules, at most 20 are allowed`);
  const names = ['containers', 'initContainers'].flatMap((list) =>
    spec.at(`template.spec.${list}`).items.map((container) => container.get('name').text),
  );
  for (const rule of rules.items) {
    rule.get('action').choice(['FailJob', 'FailIndex', 'Ignore', 'Count']);
    if (!rule.get('action').isGiven) rule.get('action').error('failure-policy', 'is missing');
    if (rule.get('action').text === 'FailIndex' && !spec.get('backoffLimitPerIndex').isGiven)
      rule.get('action').error('failure-policy', 'is FailIndex, which needs backoffLimitPerIndex');
    const [codes, conditions] = [rule.get('onExitCodes'), rule.get('onPodConditions')];
    if (codes.isGiven === conditions.isGiven)
      rule.error('failure-policy', 'needs either onExitCodes or onPodConditions');
    if (codes.isGiven) checkExitCodes(codes, names);
    for (const condition of conditions.items) {
      if (!condition.get('type').isGiven) condition.error('failure-policy', 'has no type');
      condition.get('status').choice(['True', 'False', 'Unknown']);
    }
  }
}

function checkExitCodes(codes: Part, names: readonly (string | undefined)[]): void {
  const [operator, values, container] = [codes.get('operator'), codes.get('values'), codes.get('containerName')];
  operator.choice(['In', 'NotIn']);
  if (!operator.isGiven) operator.error('failure-policy', 'is missing');
  if (container.isGiven && !names.includes(container.text))
    container.error('failure-policy', `is ${shown(container.value)}, and the pod has no container of that name`);
  const numbers = values.items.map(({ number }) => number ?? Number.NaN);
  const isOrdered = numbers.every((n, i) => Number.isInteger(n) && (i === 0 || n > (numbers[i - 1] ?? Number.NaN)));
  if (numbers.length === 0 || numbers.length > 255 || !isOrdered)
    values.error('failure-policy', 'must hold from 1 to 255 whole numbers, each larger than the one before');
  if (operator.text === 'In' && numbers.includes(0)) values.error('failure-policy', 'holds 0, which is no failure');
}
