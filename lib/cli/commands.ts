/** The commands, and where the code of each is: it is loaded when the command is called. */
import type { CommandSpec, ParsedArgs } from './args.js';
import type { CliIo } from './io.js';
import { pipelineCommands } from './pipeline-commands.js';

export interface LoadedCommand {
  readonly spec: CommandSpec;
  readonly run: (args: ParsedArgs, io: CliIo) => Promise<number>;
}

export interface Command {
  readonly name: string;
  readonly positionals: string;
  readonly summary: string;
  readonly load: () => Promise<LoadedCommand>;
  /** Commands of two words. */
  readonly subcommands?: readonly Command[];
}

const modelCommands: readonly Command[] = [
  {
    name: 'model init',
    positionals: '<folder>',
    summary: 'write a bundle of an .onnx file and of what is told of it',
    load: async () => {
      const { modelInit, modelInitSpec } = await import('./commands/model-init.js');
      return { spec: modelInitSpec, run: modelInit };
    },
  },
  {
    name: 'model check',
    positionals: '<bundle|model.onnx|name>',
    summary: 'run a model on noise: shapes, speed, whether tiles depend on their neighbours',
    load: async () => {
      const { modelCheck, modelCheckSpec } = await import('./commands/model-check.js');
      return { spec: modelCheckSpec, run: modelCheck };
    },
  },
];

const modelRepositoryCommand: Command = {
  name: 'model repository',
  positionals: '<bundle|name>',
  summary: 'write a bundle as a model of a repository of Triton',
  load: async () => {
    const { modelRepository, modelRepositorySpec } = await import('./commands/model-repository.js');
    return { spec: modelRepositorySpec, run: modelRepository };
  },
};

const manifestCommands: readonly Command[] = [
  {
    name: 'manifest pvc',
    positionals: '',
    summary: 'storage that outlives pods',
    load: async () => {
      const { manifestPvc, manifestPvcSpec } = await import('./commands/manifest-pvc.js');
      return { spec: manifestPvcSpec, run: manifestPvc };
    },
  },
  {
    name: 'manifest secret',
    positionals: '',
    summary: 'the variables of a pod whose values are in a Secret, and how the Secret is made',
    load: async () => {
      const { manifestSecret, manifestSecretSpec } = await import('./commands/manifest-secret.js');
      return { spec: manifestSecretSpec, run: manifestSecret };
    },
  },
  {
    name: 'manifest job',
    positionals: '<input…> [-- <option of score…>]',
    summary: 'score on many machines: an Indexed Job, one index for each shard',
    load: async () => {
      const { manifestJob, manifestJobSpec } = await import('./commands/manifest-job.js');
      return { spec: manifestJobSpec, run: manifestJob };
    },
  },
  {
    name: 'manifest pytorchjob',
    positionals: '-- <program> [argument…]',
    summary: "train with Kubeflow's Training Operator",
    load: async () => {
      const { manifestPyTorchJob, manifestPyTorchJobSpec } = await import('./commands/manifest-training.js');
      return { spec: manifestPyTorchJobSpec, run: manifestPyTorchJob };
    },
  },
  {
    name: 'manifest trainjob',
    positionals: '-- torchrun [argument…]',
    summary: 'train with Kubeflow Trainer',
    load: async () => {
      const { manifestTrainJob, manifestTrainJobSpec } = await import('./commands/manifest-training.js');
      return { spec: manifestTrainJobSpec, run: manifestTrainJob };
    },
  },
  {
    name: 'manifest experiment',
    positionals: '-- <program> [argument…]',
    summary: 'train many times with other parameters, with Katib',
    load: async () => {
      const { manifestExperiment, manifestExperimentSpec } = await import('./commands/manifest-training.js');
      return { spec: manifestExperimentSpec, run: manifestExperiment };
    },
  },
  {
    name: 'manifest inferenceservice',
    positionals: '[-- <option of serve…>]',
    summary: 'score on request, with KServe',
    load: async () => {
      const { manifestService, manifestServiceSpec } = await import('./commands/manifest-service.js');
      return { spec: manifestServiceSpec, run: manifestService };
    },
  },
  {
    name: 'manifest check',
    positionals: '<file.yaml…>',
    summary: 'show what a cluster would refuse of manifests, without one',
    load: async () => {
      const { manifestCheck, manifestCheckSpec } = await import('./commands/manifest-check.js');
      return { spec: manifestCheckSpec, run: manifestCheck };
    },
  },
  {
    name: 'manifest delete',
    positionals: '',
    summary: 'delete everything that a run made in a cluster',
    load: async () => {
      const { manifestDelete, manifestDeleteSpec } = await import('./commands/manifest-delete.js');
      return { spec: manifestDeleteSpec, run: manifestDelete };
    },
  },
];

export const commands: readonly Command[] = [
  {
    name: 'score',
    positionals: '<folder|slide…|images.hdf5>',
    summary: 'score the slides of a folder, or single slides, or lesion images, and write a CSV',
    load: async () => {
      const { score, scoreSpec } = await import('./commands/score.js');
      return { spec: scoreSpec, run: score };
    },
  },
  {
    name: 'merge',
    positionals: '<folder of the parts>',
    summary: 'make the one table of the parts that shards of a run have written',
    load: async () => {
      const { merge, mergeSpec } = await import('./commands/merge.js');
      return { spec: mergeSpec, run: merge };
    },
  },
  {
    name: 'embed',
    positionals: '<folder|slide…>',
    summary: 'write the features of the tiles of slides to HDF5 files, as TRIDENT and CLAM read them',
    load: async () => {
      const { embed, embedSpec } = await import('./commands/embed.js');
      return { spec: embedSpec, run: embed };
    },
  },
  {
    name: 'info',
    positionals: '<slide>',
    summary: 'show levels, resolution, other images and warnings of a slide',
    load: async () => {
      const { info, infoSpec } = await import('./commands/info.js');
      return { spec: infoSpec, run: info };
    },
  },
  {
    name: 'region',
    positionals: '<slide>',
    summary: 'write a region of a slide as PNG, or as raw bytes (RGB, 8 bits, row by row)',
    load: async () => {
      const { region, regionSpec } = await import('./commands/region.js');
      return { spec: regionSpec, run: region };
    },
  },
  {
    name: 'model',
    positionals: '<bundle|model.onnx|name>',
    summary: 'show what a model expects and gives, its card and its hash',
    load: async () => {
      const { model, modelSpec } = await import('./commands/model.js');
      return { spec: modelSpec, run: model };
    },
    subcommands: [...modelCommands, modelRepositoryCommand],
  },
  {
    name: 'serve',
    positionals: '',
    summary: 'serve models over HTTP by the Open Inference Protocol: images, tensors, slides',
    load: async () => {
      const { serve, serveSpec } = await import('./commands/serve.js');
      return { spec: serveSpec, run: serve };
    },
  },
  {
    name: 'evaluate',
    positionals: '<submission.csv>',
    summary: 'show the log loss of a submission, where the true values are known',
    load: async () => {
      const { evaluate, evaluateSpec } = await import('./commands/evaluate.js');
      return { spec: evaluateSpec, run: evaluate };
    },
  },
  {
    name: 'pipeline',
    positionals: '<pipeline.yaml>',
    summary: 'check a pipeline file and show its steps',
    load: async () => {
      const { pipeline, pipelineSpec } = await import('./commands/pipeline/show.js');
      return { spec: pipelineSpec, run: pipeline };
    },
    subcommands: pipelineCommands,
  },
  {
    name: 'pack',
    positionals: '',
    summary:
      'write the zip of a submission for the VisioMel challenge: everything that is needed to run a bundle there',
    load: async () => {
      const { pack, packSpec } = await import('./commands/pack.js');
      return { spec: packSpec, run: pack };
    },
  },
  {
    name: 'manifest',
    positionals: '<kind>',
    summary: 'print objects of Kubernetes and Kubeflow for scoring, training and serving, or apply them',
    load: async () => {
      const { manifest, manifestSpec } = await import('./commands/manifest.js');
      return { spec: manifestSpec, run: manifest };
    },
    subcommands: manifestCommands,
  },
  {
    name: 'doctor',
    positionals: '',
    summary: 'show what works on this machine, and what to install: platform, libraries, codecs, devices',
    load: async () => {
      const { doctor, doctorSpec } = await import('./commands/doctor.js');
      return { spec: doctorSpec, run: doctor };
    },
  },
  {
    name: 'bench',
    positionals: '<folder|slide…>',
    summary: 'measure slides per hour and tiles per second on this machine, with your slides and your model',
    load: async () => {
      const { bench, benchSpec } = await import('./commands/bench.js');
      return { spec: benchSpec, run: bench };
    },
  },
];
