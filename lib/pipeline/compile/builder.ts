/** Puts steps into a pipeline: each becomes a component, an executor and a task. */
import type {
  ArtifactSource,
  Component,
  ContainerSpecification,
  InputParameter,
  InputSource,
  KubernetesExecutor,
  ParameterType,
  PipelineIr,
  RetryPolicy,
  SecretMount,
  TaskSpecification,
  VolumeMount,
} from '../ir/types.js';
import { schemaVersion } from '../ir/types.js';

export type ArtifactKind = 'system.Model' | 'system.Dataset' | 'system.Artifact';

/** A step as one thinks of it. */
export interface Step {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Parameters, with where they come from. */
  readonly parameters?: Readonly<Record<string, Source>>;
  /** Artifacts of other steps: `step.artifact`. */
  readonly artifacts?: Readonly<
    Record<string, { readonly from: string; readonly name: string; readonly kind: ArtifactKind }>
  >;
  readonly outputParameters?: Readonly<Record<string, ParameterType>>;
  readonly outputArtifacts?: Readonly<Record<string, ArtifactKind>>;
  readonly volumes?: Readonly<Record<string, Source>>;
  readonly secret?: { readonly name: Source; readonly keys: Readonly<Record<string, string>> } | undefined;
  /** Steps that it waits for beside those whose outputs it takes. */
  readonly after?: readonly string[];
  /**
   * True: KFP may take the outputs of an earlier run whose inputs were the same. Only for steps whose outputs follow from
   * their parameters and artifacts; never for one that leaves something in a volume or a cluster.
   */
  readonly cached: boolean;
  readonly retries?: number;
  readonly deadlineSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Where a value comes from. */
export type Source =
  | { readonly parameter: string; readonly type?: ParameterType }
  | { readonly step: string; readonly output: string; readonly type?: ParameterType }
  | { readonly constant: unknown; readonly type?: ParameterType };

export function sourceOf(source: Source): InputSource {
  if ('parameter' in source) return { componentInputParameter: source.parameter };
  if ('step' in source)
    return { taskOutputParameter: { producerTask: source.step, outputParameterKey: source.output } };
  return { runtimeValue: { constant: source.constant } };
}

/** The wait between two tries doubles, from half a minute up to ten. */
const retryPolicy = (count: number): RetryPolicy => ({
  maxRetryCount: count,
  backoffDuration: '30s',
  backoffFactor: 2,
  backoffMaxDuration: '600s',
});

export class PipelineBuilder {
  readonly #components: Record<string, Component> = {};
  readonly #executors: Record<string, { container: ContainerSpecification }> = {};
  readonly #tasks: Record<string, TaskSpecification> = {};
  readonly #kubernetes: Record<string, KubernetesExecutor> = {};
  readonly #parameters: Record<string, InputParameter> = {};

  /** A parameter of a run; the value is used where a run gives none. */
  parameter(name: string, parameterType: ParameterType, defaultValue: unknown, description: string): void {
    this.#parameters[name] = { parameterType, defaultValue, isOptional: true, description };
  }

  add(step: Step): void {
    const [component, executor] = [`comp-${step.name}`, `exec-${step.name}`];
    this.#components[component] = withoutMissing({
      executorLabel: executor,
      inputDefinitions: inputsOf(step),
      outputDefinitions: outputsOf(step),
    });
    const env = Object.entries(step.env ?? {}).map(([name, value]) => ({ name, value }));
    this.#executors[executor] = {
      container: withoutMissing({
        image: step.image,
        command: step.command.length === 0 ? undefined : step.command,
        args: step.args,
        env: env.length === 0 ? undefined : env,
      }),
    };
    this.#tasks[step.name] = taskOf(step, component);
    const platform = platformOf(step);
    if (Object.keys(platform).length > 0) this.#kubernetes[executor] = platform;
  }

  finish(name: string, description: string, sdkVersion: string): PipelineIr {
    return {
      specification: {
        pipelineInfo: { name, description },
        schemaVersion,
        sdkVersion,
        components: this.#components,
        deploymentSpec: { executors: this.#executors },
        root: { dag: { tasks: this.#tasks }, inputDefinitions: { parameters: this.#parameters } },
      },
      kubernetes: this.#kubernetes,
    };
  }
}

const artifactOf = (kind: ArtifactKind) => ({ artifactType: { schemaTitle: kind, schemaVersion: '0.0.1' } });

const mapped = <T, U>(given: Readonly<Record<string, T>>, made: (one: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(given).map(([name, one]) => [name, made(one)]));

function inputsOf({ parameters = {}, artifacts = {} }: Step): Component['inputDefinitions'] {
  const [some, others] = [Object.keys(parameters).length > 0, Object.keys(artifacts).length > 0];
  if (!some && !others) return undefined;
  return withoutMissing({
    parameters: some ? mapped(parameters, ({ type }) => ({ parameterType: type ?? ('STRING' as const) })) : undefined,
    artifacts: others ? mapped(artifacts, ({ kind }) => artifactOf(kind)) : undefined,
  });
}

function outputsOf({ outputParameters = {}, outputArtifacts = {} }: Step): Component['outputDefinitions'] {
  const [some, others] = [Object.keys(outputParameters).length > 0, Object.keys(outputArtifacts).length > 0];
  if (!some && !others) return undefined;
  return withoutMissing({
    parameters: some ? mapped(outputParameters, (parameterType) => ({ parameterType })) : undefined,
    artifacts: others ? mapped(outputArtifacts, artifactOf) : undefined,
  });
}

function taskOf(step: Step, component: string): TaskSpecification {
  const sources = [...Object.values(step.parameters ?? {}), ...Object.values(step.volumes ?? {})];
  const producers = sources.flatMap((source) => ('step' in source ? [source.step] : []));
  const makers = Object.values(step.artifacts ?? {}).map(({ from }) => from);
  const before = [...new Set([...(step.after ?? []), ...producers, ...makers])].sort();
  const inputs = withoutMissing({
    parameters: step.parameters === undefined ? undefined : mapped(step.parameters, sourceOf),
    artifacts: step.artifacts === undefined ? undefined : mapped(step.artifacts, artifactSourceOf),
  });
  return withoutMissing({
    componentRef: { name: component },
    taskInfo: { name: step.name },
    dependentTasks: before.length === 0 ? undefined : before,
    inputs: Object.keys(inputs).length === 0 ? undefined : inputs,
    cachingOptions: step.cached ? { enableCache: true } : {},
    retryPolicy: (step.retries ?? 0) === 0 ? undefined : retryPolicy(step.retries ?? 0),
  });
}

const artifactSourceOf = ({ from, name }: { readonly from: string; readonly name: string }): ArtifactSource => ({
  taskOutputArtifact: { producerTask: from, outputArtifactKey: name },
});

function platformOf({ volumes = {}, secret, deadlineSeconds, labels = {} }: Step): KubernetesExecutor {
  const mounts = Object.entries(volumes).map(([mountPath, source]): VolumeMount => {
    const pvcNameParameter = sourceOf(source);
    const { componentInputParameter, taskOutputParameter, runtimeValue } = pvcNameParameter;
    const constant = runtimeValue === undefined ? undefined : String(runtimeValue.constant);
    return withoutMissing({ mountPath, pvcNameParameter, componentInputParameter, taskOutputParameter, constant });
  });
  return withoutMissing({
    pvcMount: mounts.length === 0 ? undefined : mounts,
    secretAsEnv: secret === undefined ? undefined : [secretOf(secret)],
    podMetadata: Object.keys(labels).length === 0 ? undefined : { labels },
    activeDeadlineSeconds: deadlineSeconds === undefined ? undefined : String(deadlineSeconds),
  });
}

function secretOf({
  name,
  keys,
}: {
  readonly name: Source;
  readonly keys: Readonly<Record<string, string>>;
}): SecretMount {
  return withoutMissing({
    secretNameParameter: sourceOf(name),
    secretName: 'constant' in name ? String(name.constant) : undefined,
    keyToEnv: Object.entries(keys).map(([secretKey, envVar]) => ({ secretKey, envVar })),
    optional: false,
  });
}

function withoutMissing<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, one]) => one !== undefined)) as T;
}
