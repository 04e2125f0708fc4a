/** Small pipelines for the local runner, whose steps are one program of Node.js. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PipelineBuilder, type Step } from '../../lib/pipeline/compile/builder.js';
import { checkPipeline, readImages, type LocalImages, type PipelineIr } from '../../lib/pipeline/index.js';

export const scratch = (): string => mkdtempSync(join(tmpdir(), 'microtome-pipeline-'));

/** `step CODE words…`: runs CODE as the body of a function of `words`, `fs` and `env`. */
const program = `
import fs from 'node:fs';
const [code, ...words] = process.argv.slice(2);
await new (Object.getPrototypeOf(async () => {}).constructor)('words', 'fs', 'env', code)(words, fs, process.env);
`;

export function localImages(folder: string): LocalImages {
  writeFileSync(join(folder, 'step.mjs'), program);
  const map = { images: { 'r.example.org/step:1': { programs: { step: [process.execPath, './step.mjs'] } } } };
  return readImages(map, join(folder, 'images.json'));
}

export const stepOf = (name: string, code: string, args: readonly string[], more: Partial<Step> = {}): Step => ({
  name,
  image: 'r.example.org/step:1',
  command: ['step', code],
  args,
  cached: false,
  ...more,
});

export function pipelineOf(steps: readonly Step[], parameters: Readonly<Record<string, string>> = {}): PipelineIr {
  const builder = new PipelineBuilder();
  for (const [name, value] of Object.entries(parameters)) builder.parameter(name, 'STRING', value, '');
  for (const step of steps) builder.add(step);
  const pipeline = builder.finish('small', '', 'test');
  checkPipeline(pipeline);
  return pipeline;
}
