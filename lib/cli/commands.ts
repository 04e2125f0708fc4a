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
