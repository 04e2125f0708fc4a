/**
 * The part of KFP's intermediate representation (IR, schema 2.1.0) that microtome writes, checks and runs: one graph of
 * container steps, parameters and artifacts between them, and what Kubernetes adds to a step. Whatever else the schema
 * has (conditions, loops, graphs in graphs, importers) is refused by name.
 */

export const schemaVersion = '2.1.0';

/** Types of a parameter. */
export const parameterTypes = ['STRING', 'NUMBER_INTEGER', 'NUMBER_DOUBLE', 'BOOLEAN', 'LIST', 'STRUCT'] as const;
/** One of {@link parameterTypes}. */
export type ParameterType = (typeof parameterTypes)[number];

/** A parameter that a component or a pipeline takes. */
export interface InputParameter {
  readonly parameterType: ParameterType;
  readonly defaultValue?: unknown;
  readonly isOptional?: boolean | undefined;
  readonly description?: string | undefined;
}

/** An artifact that a component takes or gives: its kind, such as `system.Model`. */
export interface ArtifactDefinition {
  readonly artifactType: { readonly schemaTitle: string; readonly schemaVersion: string };
  readonly isOptional?: boolean | undefined;
  readonly description?: string | undefined;
}

/** What a component or a pipeline takes. */
export interface InputDefinitions {
  readonly parameters?: Readonly<Record<string, InputParameter>> | undefined;
  readonly artifacts?: Readonly<Record<string, ArtifactDefinition>> | undefined;
}

/** What a component gives. */
export interface OutputDefinitions {
  readonly parameters?:
    | Readonly<Record<string, { readonly parameterType: ParameterType; readonly description?: string | undefined }>>
    | undefined;
  readonly artifacts?: Readonly<Record<string, ArtifactDefinition>> | undefined;
}

/** What a task does: what it takes and gives, and which executor runs. */
export interface Component {
  readonly executorLabel: string;
  readonly inputDefinitions?: InputDefinitions | undefined;
  readonly outputDefinitions?: OutputDefinitions | undefined;
}

/** The image of an executor, and the words that start its program. */
export interface ContainerSpecification {
  readonly image: string;
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | undefined;
  readonly resources?: Readonly<Record<string, unknown>> | undefined;
}

/** A parameter that another task gives. */
export interface TaskOutputParameter {
  readonly producerTask: string;
  readonly outputParameterKey: string;
}

/** Where the value of a parameter comes from: exactly one of the three. */
export interface InputSource {
  readonly componentInputParameter?: string | undefined;
  readonly taskOutputParameter?: TaskOutputParameter | undefined;
  readonly runtimeValue?: { readonly constant: unknown } | undefined;
}

/** An artifact that another task gives. */
export interface ArtifactSource {
  readonly taskOutputArtifact: { readonly producerTask: string; readonly outputArtifactKey: string };
}

/** How often a task is tried again, and how long is waited before. */
export interface RetryPolicy {
  readonly maxRetryCount?: number | undefined;
  /** Such as `30s`. */
  readonly backoffDuration?: string | undefined;
  readonly backoffFactor?: number | undefined;
  readonly backoffMaxDuration?: string | undefined;
}

/** One node of the graph: its component, what it waits for, and what it is given. */
export interface TaskSpecification {
  readonly componentRef: { readonly name: string };
  readonly taskInfo: { readonly name: string };
  readonly dependentTasks?: readonly string[] | undefined;
  readonly inputs?:
    | {
        readonly parameters?: Readonly<Record<string, InputSource>> | undefined;
        readonly artifacts?: Readonly<Record<string, ArtifactSource>> | undefined;
      }
    | undefined;
  readonly cachingOptions?: { readonly enableCache?: boolean | undefined } | undefined;
  readonly retryPolicy?: RetryPolicy | undefined;
}

/** The first document of a pipeline file. */
export interface PipelineSpecification {
  readonly pipelineInfo: { readonly name: string; readonly description?: string | undefined };
  readonly schemaVersion: typeof schemaVersion;
  readonly sdkVersion: string;
  readonly components: Readonly<Record<string, Component>>;
  readonly deploymentSpec: {
    readonly executors: Readonly<Record<string, { readonly container: ContainerSpecification }>>;
  };
  readonly root: {
    readonly dag: { readonly tasks: Readonly<Record<string, TaskSpecification>> };
    readonly inputDefinitions?: InputDefinitions | undefined;
  };
}

/** A claim in a container. */
export interface VolumeMount extends InputSourceCopies {
  readonly mountPath: string;
  readonly pvcNameParameter: InputSource;
  readonly subPath?: string | undefined;
}

/** The same as `pvcNameParameter`, for servers that are older than it. */
interface InputSourceCopies {
  readonly componentInputParameter?: string | undefined;
  readonly taskOutputParameter?: TaskOutputParameter | undefined;
  readonly constant?: string | undefined;
}

/** Variables of a container whose values are in a Secret. */
export interface SecretMount {
  readonly secretNameParameter: InputSource;
  /** The same, for servers that do not know the other. */
  readonly secretName?: string | undefined;
  readonly keyToEnv: readonly { readonly secretKey: string; readonly envVar: string }[];
  readonly optional?: boolean | undefined;
}

/** What Kubernetes adds to an executor. */
export interface KubernetesExecutor {
  readonly pvcMount?: readonly VolumeMount[] | undefined;
  readonly secretAsEnv?: readonly SecretMount[] | undefined;
  readonly podMetadata?:
    | {
        readonly labels?: Readonly<Record<string, string>> | undefined;
        readonly annotations?: Readonly<Record<string, string>> | undefined;
      }
    | undefined;
  /** 64-bit numbers are text in the JSON of protocol buffers. */
  readonly activeDeadlineSeconds?: string | undefined;
}

/** Both documents of a pipeline file. */
export interface PipelineIr {
  readonly specification: PipelineSpecification;
  /** What Kubernetes adds to each executor, by its label. */
  readonly kubernetes: Readonly<Record<string, KubernetesExecutor>>;
}
