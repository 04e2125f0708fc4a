/** Parameters and pipelines that the tests share. */
import { compilePipeline, type PipelineIr } from '../../lib/pipeline/index.js';

/** Parameters with every part that may be left out. */
export function fullParams(): Record<string, unknown> {
  return {
    name: 'lesions',
    images: { tools: 'r.example.org/tools:1', trainer: 'r.example.org/trainer:1', server: 'r.example.org/server:1' },
    download: {
      image: 'r.example.org/download:1',
      command: ['fetch-data'],
      args: ['--to', '/data'],
      secret: { name: 'data-account', keys: { username: 'DATA_USER', key: 'DATA_KEY' } },
    },
    data: { images: 'train.hdf5', metadata: 'train.csv', testImages: 'test.hdf5', sampleSubmission: 'sample.csv' },
    serving: { name: 'lesion-service' },
    labels: { team: 'skin' },
    queue: 'gpu-queue',
  };
}

export const fullPipeline = (): PipelineIr => compilePipeline(fullParams());
