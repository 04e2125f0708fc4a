/** What the second document says: volumes and secrets of executors. */
import { posix } from 'node:path';
import { checkSource, type Say } from './check.js';
import type { KubernetesExecutor, PipelineIr, TaskSpecification } from './types.js';

export function checkPlatform(pipeline: PipelineIr, say: Say): void {
  const { deploymentSpec } = pipeline.specification;
  for (const [label, executor] of Object.entries(pipeline.kubernetes)) {
    const at = `platforms.kubernetes.deploymentSpec.executors.${label}`;
    if (!Object.hasOwn(deploymentSpec.executors, label)) {
      say(`${at}: there is no such executor`);
      continue;
    }
    const tasks = tasksOf(label, pipeline);
    for (const [name, task] of tasks) checkMounts(at, executor, name, task, pipeline, say);
    checkNames(at, executor, pipeline, label, say);
  }
}

function tasksOf(label: string, { specification }: PipelineIr): readonly (readonly [string, TaskSpecification])[] {
  return Object.entries(specification.root.dag.tasks).filter(
    ([, task]) => specification.components[task.componentRef.name]?.executorLabel === label,
  );
}

function checkMounts(
  at: string,
  { pvcMount = [], secretAsEnv = [] }: KubernetesExecutor,
  name: string,
  task: TaskSpecification,
  pipeline: PipelineIr,
  say: Say,
): void {
  pvcMount.forEach((mount, i) => {
    const place = `${at}.pvcMount[${i}] of ${name}`;
    checkSource(place, mount.pvcNameParameter, 'STRING', task, pipeline, say);
    const { componentInputParameter, taskOutputParameter, constant } = mount;
    const copy = { componentInputParameter, taskOutputParameter, runtimeValue: constant && { constant } };
    const isThere = Object.values(copy).some((one) => one !== undefined);
    const same = JSON.stringify(copy) === JSON.stringify({ ...copy, ...withoutMissing(mount.pvcNameParameter) });
    if (isThere && !same) say(`${place}: names one claim in pvcNameParameter and another beside it`);
  });
  secretAsEnv.forEach(({ secretNameParameter, secretName }, i) => {
    const place = `${at}.secretAsEnv[${i}] of ${name}`;
    checkSource(place, secretNameParameter, 'STRING', task, pipeline, say);
    if (secretName !== undefined && secretNameParameter.runtimeValue?.constant !== secretName)
      say(`${place}: secretName is not what secretNameParameter says`);
  });
}

function withoutMissing(given: object): object {
  return Object.fromEntries(Object.entries(given).filter(([, one]) => one !== undefined));
}

function checkNames(
  at: string,
  executor: KubernetesExecutor,
  { specification }: PipelineIr,
  label: string,
  say: Say,
): void {
  const paths = (executor.pvcMount ?? []).map(({ mountPath }) => mountPath);
  for (const path of paths) {
    if (posix.normalize(path) !== path || path === '/') say(`${at}.pvcMount: ${path} is no plain path below /`);
    if (paths.some((other) => other !== path && path.startsWith(`${other}/`)))
      say(`${at}.pvcMount: ${path} lies in another volume`);
  }
  if (new Set(paths).size < paths.length) say(`${at}.pvcMount: two volumes have the same path`);
  for (const { subPath } of executor.pvcMount ?? [])
    if (subPath !== undefined && (subPath.startsWith('/') || subPath.split('/').includes('..')))
      say(`${at}.pvcMount: the path ${subPath} leads out of its volume`);
  const own = (specification.deploymentSpec.executors[label]?.container.env ?? []).map(({ name }) => name);
  const names = [
    ...own,
    ...(executor.secretAsEnv ?? []).flatMap(({ keyToEnv }) => keyToEnv.map(({ envVar }) => envVar)),
  ];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) say(`${at}: the variable ${twice} is set twice`);
}
