/** Readers of the two documents of a pipeline file: what types.ts says, and nothing else. */
import {
  anything,
  anyText,
  choice,
  integer,
  list,
  number,
  object,
  optional,
  record,
  text,
  yesNo,
  type Reader,
} from '../shape.js';
import { parameterTypes, schemaVersion, type KubernetesExecutor, type PipelineSpecification } from './types.js';

const duration = text(/^\d+(\.\d+)?s$/, 'a duration such as 30s');
const key = text(/^[A-Za-z][A-Za-z0-9_-]{0,127}$/, 'a name of letters, digits, - and _');

const inputParameter = object({
  parameterType: choice(...parameterTypes),
  defaultValue: optional(anything),
  isOptional: optional(yesNo),
  description: optional(anyText),
});
const artifactType = object({ schemaTitle: text(/^system\.[A-Za-z]+$/, 'system.NAME'), schemaVersion: text() });
const inputArtifact = object({ artifactType, isOptional: optional(yesNo), description: optional(anyText) });
const inputDefinitions = object({
  parameters: optional(record(inputParameter, key)),
  artifacts: optional(record(inputArtifact, key)),
});
const outputDefinitions = object({
  parameters: optional(
    record(object({ parameterType: choice(...parameterTypes), description: optional(anyText) }), key),
  ),
  artifacts: optional(record(object({ artifactType, description: optional(anyText) }), key)),
});

const component = object({
  executorLabel: key,
  inputDefinitions: optional(inputDefinitions),
  outputDefinitions: optional(outputDefinitions),
});

const container = object({
  image: text(),
  command: optional(list(anyText)),
  args: optional(list(anyText)),
  env: optional(list(object({ name: text(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name of a variable'), value: anyText }))),
  resources: optional(record(anything)),
});

const taskOutput = object({ producerTask: key, outputParameterKey: key });
const inputSource = object({
  componentInputParameter: optional(key),
  taskOutputParameter: optional(taskOutput),
  runtimeValue: optional(object({ constant: anything })),
});
const artifactSource = object({ taskOutputArtifact: object({ producerTask: key, outputArtifactKey: key }) });

const task = object({
  componentRef: object({ name: key }),
  taskInfo: object({ name: text() }),
  dependentTasks: optional(list(key)),
  inputs: optional(
    object({ parameters: optional(record(inputSource, key)), artifacts: optional(record(artifactSource, key)) }),
  ),
  cachingOptions: optional(object({ enableCache: optional(yesNo) })),
  retryPolicy: optional(
    object({
      maxRetryCount: optional(integer(0, 100)),
      backoffDuration: optional(duration),
      backoffFactor: optional(number(1, 100)),
      backoffMaxDuration: optional(duration),
    }),
  ),
});

export const readSpecification: Reader<PipelineSpecification> = object({
  pipelineInfo: object({
    name: text(/^[a-z0-9]([-a-z0-9]{0,126}[a-z0-9])?$/, 'lower-case letters, digits and -'),
    description: optional(anyText),
  }),
  schemaVersion: choice(schemaVersion),
  sdkVersion: text(),
  components: record(component, key),
  deploymentSpec: object({ executors: record(object({ container }), key) }),
  root: object({ dag: object({ tasks: record(task, key) }), inputDefinitions: optional(inputDefinitions) }),
});

const environmentName = text(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name of a variable');
const kubernetesExecutor = object({
  pvcMount: optional(
    list(
      object({
        mountPath: text(/^\/[^\s]*$/, 'an absolute path'),
        pvcNameParameter: inputSource,
        subPath: optional(anyText),
        // The same as `pvcNameParameter`, for servers that do not know it.
        componentInputParameter: optional(key),
        taskOutputParameter: optional(taskOutput),
        constant: optional(text()),
      }),
    ),
  ),
  secretAsEnv: optional(
    list(
      object({
        secretNameParameter: inputSource,
        secretName: optional(text()),
        keyToEnv: list(object({ secretKey: text(), envVar: environmentName })),
        optional: optional(yesNo),
      }),
    ),
  ),
  podMetadata: optional(object({ labels: optional(record(anyText)), annotations: optional(record(anyText)) })),
  // 64-bit numbers are text in the JSON of protocol buffers.
  activeDeadlineSeconds: optional(text(/^\d{1,9}$/, 'seconds, as text')),
});

/** The second document: what Kubernetes adds to each executor. */
export interface Platform {
  readonly platforms: {
    readonly kubernetes: {
      readonly deploymentSpec: { readonly executors: Readonly<Record<string, KubernetesExecutor>> };
    };
  };
}

export const readPlatform: Reader<Platform> = object({
  platforms: object({ kubernetes: object({ deploymentSpec: object({ executors: record(kubernetesExecutor, key) }) }) }),
});
