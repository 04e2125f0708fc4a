/** The commands of pipelines. */
import type { Command } from './commands.js';

export const pipelineCommands: readonly Command[] = [
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
