/** The commands, and where the code of each is: it is loaded when the command is called. */
import type { CommandSpec, ParsedArgs } from './args.js';
import type { CliIo } from './io.js';

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

const pipelineCommands: readonly Command[] = [
  {
    name: 'pipeline compile',
    positionals: '<parameters.json>',
    summary: 'write a pipeline for Kubeflow Pipelines',
    load: async () => {
      const { compile, compileSpec } = await import('./commands/pipeline/compile.js');
      return { spec: compileSpec, run: compile };
    },
  },
  {
    name: 'pipeline run',
    positionals: '<pipeline.yaml>',
    summary: 'run a pipeline on this machine',
    load: async () => {
      const { run, runSpec } = await import('./commands/pipeline/run.js');
      return { spec: runSpec, run: run };
    },
  },
  {
    name: 'pipeline submit',
    positionals: '<pipeline.yaml>',
    summary: 'begin a run on Kubeflow Pipelines',
    load: async () => {
      const { submit, submitSpec } = await import('./commands/pipeline/kubeflow.js');
      return { spec: submitSpec, run: submit };
    },
  },
  {
    name: 'pipeline watch',
    positionals: '<run id>',
    summary: 'follow a run to its end',
    load: async () => {
      const { watch, watchSpec } = await import('./commands/pipeline/kubeflow.js');
      return { spec: watchSpec, run: watch };
    },
  },
  {
    name: 'pipeline delete',
    positionals: '',
    summary: 'delete what a run made',
    load: async () => {
      const { remove, deleteSpec } = await import('./commands/pipeline/kubeflow.js');
      return { spec: deleteSpec, run: remove };
    },
  },
  {
    name: 'pipeline digest',
    positionals: '<file|folder…>',
    summary: 'show the SHA-256 of files and folders',
    load: async () => {
      const { digest, digestSpec } = await import('./commands/pipeline/steps.js');
      return { spec: digestSpec, run: digest };
    },
  },
  {
    name: 'pipeline index',
    positionals: '<images.hdf5>',
    summary: 'write where each image of a file is, for the training',
    load: async () => {
      const { index, indexSpec } = await import('./commands/pipeline/steps.js');
      return { spec: indexSpec, run: index };
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
