/** What the parts of a pipeline say of each other: every name leads somewhere, every type fits, nothing waits for itself. */
import { pipelineCredentials } from '../credentials.js';
import { pipelineInvalid } from '../failure.js';
import { shown } from '../shape.js';
import { orderOf } from './order.js';
import { placeholdersIn, type Placeholder } from './placeholders.js';
import { checkPlatform } from './platform-check.js';
import { createVolumeImage, deleteVolumeImage } from './volumes.js';
import type {
  Component,
  ContainerSpecification,
  InputSource,
  ParameterType,
  PipelineIr,
  TaskSpecification,
} from './types.js';
import { hasType, isRequired } from './values.js';

/** Everything that is wrong with a pipeline, each with its place; empty for a pipeline that can run. */
export function pipelineProblems(pipeline: PipelineIr): readonly string[] {
  const problems = [...pipelineCredentials(pipeline)];
  const say = (problem: string): void => {
    problems.push(problem);
  };
  checkRoot(pipeline, say);
  checkComponents(pipeline, say);
  for (const [name, task] of Object.entries(pipeline.specification.root.dag.tasks))
    checkTask(name, task, pipeline, say);
  checkPlatform(pipeline, say);
  // The order is only worth asking for once all names are known.
  if (problems.length === 0) {
    const { circle } = orderOf(pipeline.specification.root.dag.tasks);
    if (circle.length > 0) say(`root.dag.tasks: ${circle.join(' waits for ')} waits for ${circle[0]}`);
  }
  return problems;
}

const mostSaid = 5;

/** Throws PIPELINE_INVALID with the first problems. */
export function checkPipeline(pipeline: PipelineIr, path?: string): void {
  const problems = pipelineProblems(pipeline);
  if (problems.length === 0) return;
  const more = problems.length > mostSaid ? `; and ${problems.length - mostSaid} more` : '';
  throw pipelineInvalid(`${problems.slice(0, mostSaid).join('; ')}${more}`, path === undefined ? {} : { path });
}

export type Say = (problem: string) => void;

function checkRoot({ specification }: PipelineIr, say: Say): void {
  const { tasks } = specification.root.dag;
  if (Object.keys(tasks).length === 0) say('root.dag.tasks: no task');
  for (const [name, { parameterType, defaultValue }] of Object.entries(
    specification.root.inputDefinitions?.parameters ?? {},
  ))
    if (defaultValue !== undefined && !hasType(defaultValue, parameterType))
      say(`root.inputDefinitions.parameters.${name}: the default ${shown(defaultValue)} is not ${parameterType}`);
  if (Object.keys(specification.root.inputDefinitions?.artifacts ?? {}).length > 0)
    say('root.inputDefinitions.artifacts: a pipeline that is given artifacts is not supported');
}

function checkComponents({ specification }: PipelineIr, say: Say): void {
  const { components, deploymentSpec, root } = specification;
  const used = new Set(Object.values(root.dag.tasks).map((task) => task.componentRef.name));
  const labels = new Set(Object.values(components).map((component) => component.executorLabel));
  for (const label of Object.keys(deploymentSpec.executors))
    if (!labels.has(label)) say(`deploymentSpec.executors.${label}: no component uses it`);
  for (const [name, component] of Object.entries(components)) {
    const at = `components.${name}`;
    if (!used.has(name)) say(`${at}: no task uses it`);
    if (!Object.hasOwn(deploymentSpec.executors, component.executorLabel)) {
      say(`${at}.executorLabel: there is no executor ${component.executorLabel}`);
      continue;
    }
    const { container } = deploymentSpec.executors[component.executorLabel] as { container: ContainerSpecification };
    checkWords(component, container, `deploymentSpec.executors.${component.executorLabel}`, say);
  }
}

const isStub = (image: string): boolean => image === createVolumeImage || image === deleteVolumeImage;

function checkWords(component: Component, container: ContainerSpecification, at: string, say: Say): void {
  if (isStub(container.image)) return;
  if ((container.command ?? []).length === 0) say(`${at}.container.command: is missing`);
  const env = (container.env ?? []).map(({ value }) => value);
  const written = new Set<string>();
  for (const word of [container.image, ...(container.command ?? []), ...(container.args ?? []), ...env])
    for (const { text, found } of placeholdersIn(word)) {
      if (found === null) say(`${at}: ${text} is no known placeholder`);
      else if (!resolves(found, component)) say(`${at}: ${text} names nothing that its component has`);
      else if (found.kind === 'outputArtifact' || found.kind === 'outputParameter')
        written.add(`${found.kind} ${found.name}`);
    }
  for (const name of Object.keys(component.outputDefinitions?.parameters ?? {}))
    if (!written.has(`outputParameter ${name}`))
      say(`${at}: nothing tells the program where to write the parameter ${name}`);
  for (const name of Object.keys(component.outputDefinitions?.artifacts ?? {}))
    if (!written.has(`outputArtifact ${name}`))
      say(`${at}: nothing tells the program where to write the artifact ${name}`);
}

function resolves(found: Placeholder, { inputDefinitions, outputDefinitions }: Component): boolean {
  const has = (names: object | undefined): boolean => found.kind !== 'run' && Object.hasOwn(names ?? {}, found.name);
  switch (found.kind) {
    case 'inputParameter':
      return has(inputDefinitions?.parameters);
    case 'inputArtifact':
      return has(inputDefinitions?.artifacts);
    case 'outputArtifact':
      return has(outputDefinitions?.artifacts);
    case 'outputParameter':
      return has(outputDefinitions?.parameters);
    case 'run':
      return true;
  }
}

function checkTask(name: string, task: TaskSpecification, pipeline: PipelineIr, say: Say): void {
  const { components, root } = pipeline.specification;
  const at = `root.dag.tasks.${name}`;
  for (const other of task.dependentTasks ?? [])
    if (!Object.hasOwn(root.dag.tasks, other)) say(`${at}.dependentTasks: there is no task ${other}`);
  if (!Object.hasOwn(components, task.componentRef.name)) {
    say(`${at}.componentRef: there is no component ${task.componentRef.name}`);
    return;
  }
  const component = components[task.componentRef.name] as Component;
  checkParameters(at, task, component, pipeline, say);
  checkArtifacts(at, task, component, pipeline, say);
}

function checkParameters(
  at: string,
  task: TaskSpecification,
  component: Component,
  pipeline: PipelineIr,
  say: Say,
): void {
  const declared = component.inputDefinitions?.parameters ?? {};
  const given = task.inputs?.parameters ?? {};
  for (const [name, source] of Object.entries(given)) {
    if (!Object.hasOwn(declared, name)) say(`${at}.inputs.parameters.${name}: its component has no such parameter`);
    else
      checkSource(
        `${at}.inputs.parameters.${name}`,
        source,
        declared[name]?.parameterType ?? null,
        task,
        pipeline,
        say,
      );
  }
  for (const [name, parameter] of Object.entries(declared))
    if (isRequired(parameter) && !Object.hasOwn(given, name)) say(`${at}.inputs.parameters: ${name} is not given`);
}

/** A value of `wanted` type comes from there. `task`: whose turn must come after that of the producer. */
export function checkSource(
  at: string,
  source: InputSource,
  wanted: ParameterType | null,
  task: TaskSpecification,
  { specification }: PipelineIr,
  say: Say,
): void {
  const { componentInputParameter, taskOutputParameter, runtimeValue } = source;
  const count = [componentInputParameter, taskOutputParameter, runtimeValue].filter((one) => one !== undefined).length;
  if (count !== 1) {
    say(`${at}: has ${count} sources, expected one`);
    return;
  }
  if (runtimeValue !== undefined) {
    if (wanted !== null && !hasType(runtimeValue.constant, wanted))
      say(`${at}: the constant ${shown(runtimeValue.constant)} is not ${wanted}`);
    return;
  }
  let type: ParameterType | undefined;
  if (componentInputParameter !== undefined) {
    type = own(specification.root.inputDefinitions?.parameters, componentInputParameter)?.parameterType;
    if (type === undefined) say(`${at}: the pipeline has no parameter ${componentInputParameter}`);
  } else if (taskOutputParameter !== undefined) {
    const { producerTask, outputParameterKey } = taskOutputParameter;
    const producer = producerOf(at, producerTask, task, specification, say);
    type = own(producer?.outputDefinitions?.parameters, outputParameterKey)?.parameterType;
    if (producer !== null && type === undefined) say(`${at}: ${producerTask} gives no parameter ${outputParameterKey}`);
  }
  if (wanted !== null && type !== undefined && type !== wanted) say(`${at}: is ${type}, expected ${wanted}`);
}

function own<T>(names: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return names !== undefined && Object.hasOwn(names, name) ? names[name] : undefined;
}

/** The component of a producer that the task waits for. */
function producerOf(
  at: string,
  producer: string,
  task: TaskSpecification,
  { root, components }: PipelineIr['specification'],
  say: Say,
): Component | null {
  const found = own(root.dag.tasks, producer);
  const component = found === undefined ? undefined : own(components, found.componentRef.name);
  if (component === undefined) say(`${at}: there is no task ${producer}`);
  else if (!(task.dependentTasks ?? []).includes(producer)) say(`${at}: ${producer} is not in dependentTasks`);
  return component ?? null;
}

function checkArtifacts(
  at: string,
  task: TaskSpecification,
  component: Component,
  pipeline: PipelineIr,
  say: Say,
): void {
  const declared = component.inputDefinitions?.artifacts ?? {};
  const given = task.inputs?.artifacts ?? {};
  for (const [name, { taskOutputArtifact }] of Object.entries(given)) {
    const place = `${at}.inputs.artifacts.${name}`;
    const wanted = own(declared, name);
    if (wanted === undefined) {
      say(`${place}: its component has no such artifact`);
      continue;
    }
    const { producerTask, outputArtifactKey } = taskOutputArtifact;
    const producer = producerOf(place, producerTask, task, pipeline.specification, say);
    if (producer === null) continue;
    const found = own(producer.outputDefinitions?.artifacts, outputArtifactKey);
    const [is, expected] = [found?.artifactType.schemaTitle, wanted.artifactType.schemaTitle];
    if (found === undefined) say(`${place}: ${producerTask} gives no artifact ${outputArtifactKey}`);
    else if (is !== expected && expected !== 'system.Artifact') say(`${place}: is ${is}, expected ${expected}`);
  }
  for (const [name, { isOptional }] of Object.entries(declared))
    if (isOptional !== true && !Object.hasOwn(given, name)) say(`${at}.inputs.artifacts: ${name} is not given`);
}
