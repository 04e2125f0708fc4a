/** What a pipeline is made from: names, images, volumes, data, training, serving. */
import { reading } from '../failure.js';
import {
  anyText,
  choice,
  integer,
  list,
  number,
  object,
  optional,
  orNull,
  record,
  text,
  ShapeError,
  yesNo,
  type Reader,
} from '../shape.js';

/** A PersistentVolumeClaim that steps share. */
export interface VolumeParams {
  /** Name of the claim. */
  readonly claim: string;
  /** True: the pipeline makes it, and a step fails where it is there already. */
  readonly create: boolean;
  readonly size: string;
  /** Empty: the cluster's default. */
  readonly storageClass: string;
  readonly accessMode: 'ReadWriteOnce' | 'ReadWriteMany' | 'ReadOnlyMany' | 'ReadWriteOncePod';
}

/** The step that fetches data. Any program will do that leaves the files of `data` in the folder `/data`. */
export interface DownloadParams {
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  /** Where credentials are: never the credentials. */
  readonly secret?: { readonly name: string; readonly keys: Readonly<Record<string, string>> } | undefined;
  readonly retries: number;
}

/** Files below `/data`. */
export interface DataParams {
  readonly images: string;
  readonly metadata: string;
  readonly testImages: string;
  readonly sampleSubmission: string;
  /** SHA-256 that the data must have, as `microtome pipeline digest` prints it, or `any`. */
  readonly digest: string;
}

/** How the model is trained: on which pods, and with which options of `train/lesions`. */
export interface TrainingParams {
  readonly operator: 'pytorchjob' | 'trainjob';
  /** Fields of a TrainJob changed between these: `2.1` or older, `2.2+` or newer. */
  readonly trainerVersion: '2.1' | '2.2+';
  /** Pods, with the first. */
  readonly nodes: number;
  readonly gpusPerNode: number;
  readonly cpu: string;
  readonly memory: string;
  readonly sharedMemory: string;
  readonly deadlineSeconds: number;
  readonly backbone: string;
  readonly sizePx: number;
  readonly epochs: number;
  readonly batch: number;
  readonly rate: number;
  readonly negativesPerPositive: number;
  readonly bestBy: 'pauc' | 'auc' | 'log_loss';
  readonly folds: number;
  readonly fold: number;
  readonly seed: number;
  /** Further words for `python3 -m train.lesions train`. */
  readonly extraArgs: readonly string[];
  /** Variables of the pods. */
  readonly env: Readonly<Record<string, string>>;
}

/** The InferenceService. */
export interface ServingParams {
  readonly name: string;
  readonly deadlineSeconds: number;
  readonly minReplicas: number;
  readonly maxReplicas: number;
}

/** Everything that a pipeline is made from. */
export interface PipelineParams {
  /** Of the pipeline, and before every name that it makes. */
  readonly name: string;
  readonly description: string;
  /** Left out: the namespace of the pipeline's own pods. */
  readonly namespace?: string | undefined;
  readonly images: { readonly tools: string; readonly trainer: string; readonly server: string };
  readonly volumes: { readonly data: VolumeParams; readonly runs: VolumeParams; readonly models: VolumeParams };
  /** Null: the data are in the volume already. */
  readonly download: DownloadParams | null;
  readonly data: DataParams;
  readonly training: TrainingParams;
  readonly model: { readonly name: string; readonly licence: string; readonly trainingData: string };
  /** Null: nothing is deployed. */
  readonly serving: ServingParams | null;
  readonly scoring: { readonly preset: 'isic2024'; readonly args: readonly string[] };
  /** Labels of everything that is made. */
  readonly labels: Readonly<Record<string, string>>;
  /** Kueue's queue; empty: none. */
  readonly queue: string;
  readonly ttlSecondsAfterFinished: number;
}

const dnsLabel = text(
  /^[a-z]([-a-z0-9]{0,39}[a-z0-9])?$/,
  'at most 41 lower-case letters, digits and -, a letter first',
);
const claimName = text(/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/, 'a name of a claim');
const quantity = text(/^\d+(\.\d+)?([EPTGMk]i?|m)?$/, 'a quantity such as 8Gi');
// No word with a blank: a path becomes one word of a command.
const fileBelow = text(/^(?!.*(^|\/)\.\.?(\/|$))[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/, 'a path below the volume');
const image = text(/^[^\s{}]+$/, 'the name of an image');
const labelValue = text(/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/, 'a value of a label');
const labelName = text(/^([a-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/, 'the name of a label');
const variable = text(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name of a variable');
const digest = text(/^(any|[0-9a-f]{64})$/, 'a SHA-256 as 64 hexadecimal digits, or any');
const words = list(anyText, 200);
const day = 86_400;

function volume(name: string, size: string): Reader<VolumeParams> {
  return object({
    claim: optional(claimName, name),
    create: optional(yesNo, true),
    size: optional(quantity, size),
    storageClass: optional(anyText, ''),
    accessMode: optional(choice('ReadWriteOnce', 'ReadWriteMany', 'ReadOnlyMany', 'ReadWriteOncePod'), 'ReadWriteMany'),
  });
}

const whole =
  <T>(reader: Reader<T>): Reader<T> =>
  (value, at) =>
    reader(value ?? {}, at);

const training: Reader<TrainingParams> = object({
  operator: optional(choice('pytorchjob', 'trainjob'), 'pytorchjob'),
  trainerVersion: optional(choice('2.1', '2.2+'), '2.2+'),
  nodes: optional(integer(1, 1000), 2),
  gpusPerNode: optional(integer(0, 16), 0),
  cpu: optional(quantity, '2'),
  memory: optional(quantity, '4Gi'),
  sharedMemory: optional(quantity, '2Gi'),
  deadlineSeconds: optional(integer(1, 365 * day), day),
  backbone: optional(text(/^[a-z0-9_]+$/, 'the name of a network'), 'efficientnet_b0'),
  sizePx: optional(integer(16, 1024), 128),
  epochs: optional(integer(1, 10_000), 10),
  batch: optional(integer(1, 65_536), 64),
  rate: optional(number(0, 10), 1e-3),
  negativesPerPositive: optional(number(0, 1e6), 3),
  bestBy: optional(choice('pauc', 'auc', 'log_loss'), 'pauc'),
  folds: optional(integer(2, 100), 5),
  fold: optional(integer(0, 99), 0),
  seed: optional(integer(0, 2 ** 31 - 1), 1),
  extraArgs: optional(words, []),
  env: optional(record(anyText, variable), {}),
});

const download: Reader<DownloadParams> = object({
  image,
  command: list(text(), 20),
  args: optional(words, []),
  secret: optional(object({ name: claimName, keys: record(variable, text()) })),
  retries: optional(integer(0, 20), 2),
});

const serving: Reader<ServingParams> = object({
  name: dnsLabel,
  deadlineSeconds: optional(integer(1, day), 900),
  minReplicas: optional(integer(0, 1000), 1),
  maxReplicas: optional(integer(1, 1000), 1),
});

function params(name: string): Reader<PipelineParams> {
  return object({
    name: dnsLabel,
    description: optional(anyText, 'Trains a model for lesion images, deploys it, and scores the images of a test.'),
    namespace: optional(text(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'a name of a namespace')),
    images: object({ tools: image, trainer: image, server: image }),
    volumes: whole(
      object({
        data: whole(volume(`${name}-data`, '8Gi')),
        runs: whole(volume(`${name}-runs`, '4Gi')),
        models: whole(volume(`${name}-models`, '4Gi')),
      }),
    ),
    download: optional(orNull(download), null),
    data: object({
      images: fileBelow,
      metadata: fileBelow,
      testImages: fileBelow,
      sampleSubmission: fileBelow,
      digest: optional(digest, 'any'),
    }),
    training: whole(training),
    model: whole(
      object({
        name: optional(text(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'lower-case letters, digits, - and _'), name),
        licence: optional(text(), 'not stated'),
        trainingData: optional(anyText, ''),
      }),
    ),
    serving: optional(orNull(serving), null),
    scoring: whole(object({ preset: optional(choice('isic2024'), 'isic2024'), args: optional(words, []) })),
    labels: optional(record(labelValue, labelName), {}),
    queue: optional(anyText, ''),
    ttlSecondsAfterFinished: optional(integer(0, 365 * day), 7 * day),
  });
}

/** Reads parameters that a user wrote. Throws PIPELINE_INVALID with the place of what is wrong. */
export function readParams(given: unknown, path?: string): PipelineParams {
  const details = { ...(path === undefined ? {} : { path }), advice: 'see docs/guide/pipeline.md for all parameters' };
  return reading('the parameters', details, () => {
    const name = object({ name: dnsLabel });
    const chosen = name({ name: (given as { name?: unknown } | null)?.name }, '').name;
    const read = params(chosen)(given, '');
    const { operator, gpusPerNode, fold, folds } = read.training;
    if (operator === 'pytorchjob' && gpusPerNode > 1)
      throw new ShapeError(
        'training.gpusPerNode',
        `${gpusPerNode}; a pod of a PyTorchJob uses one, so take more nodes or a trainjob`,
      );
    if (fold >= folds) throw new ShapeError('training.fold', `${fold}, expected less than training.folds, ${folds}`);
    return read;
  });
}
