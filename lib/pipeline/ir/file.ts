/** The text of a pipeline file: two YAML documents. */
import { parseAllDocuments, stringify } from 'yaml';
import { pipelineInvalid, reading } from '../failure.js';
import { readPlatform, readSpecification } from './schema.js';
import type { PipelineIr } from './types.js';

/** Larger files are refused: a graph of a hundred steps has some hundred kilobytes. */
export const maxPipelineBytes: number = 4 * 2 ** 20;

/**
 * Reads the text of a pipeline file. Its shape is checked here, what its parts say of each other by
 * {@link checkPipeline}. Throws PIPELINE_INVALID.
 */
export function parsePipeline(text: string, path?: string): PipelineIr {
  const details = path === undefined ? {} : { path };
  if (Buffer.byteLength(text) > maxPipelineBytes)
    throw pipelineInvalid(`the file is larger than ${maxPipelineBytes} bytes`, details);
  const documents = parseAllDocuments(text, { version: '1.2', uniqueKeys: true });
  const parsed = [...documents].map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw pipelineInvalid(`no YAML: ${error.message.split('\n')[0]}`, details);
    // An alias could make a small text a huge value.
    try {
      return document.toJS({ maxAliasCount: 0 }) as unknown;
    } catch (cause) {
      throw pipelineInvalid('YAML with aliases is not read', { ...details, cause });
    }
  });
  const [first, second, ...more] = parsed;
  if (first === undefined || more.length > 0)
    throw pipelineInvalid(`${parsed.length} YAML documents, expected one or two`, details);
  const specification = reading('the pipeline', details, () => readSpecification(first, ''));
  const platform = second === undefined ? null : reading('its platform', details, () => readPlatform(second, ''));
  return { specification, kubernetes: platform?.platforms.kubernetes.deploymentSpec.executors ?? {} };
}

/** The text of a pipeline file. The same pipeline gives the same bytes. */
export function pipelineText(pipeline: PipelineIr): string {
  // Kubeflow Pipelines reads YAML 1.1, in which on, yes, y and 1_000 are no text without quotes.
  const options = { lineWidth: 0, aliasDuplicateObjects: false, sortMapEntries: true, compat: 'yaml-1.1' } as const;
  const platform = { platforms: { kubernetes: { deploymentSpec: { executors: pipeline.kubernetes } } } };
  return `${stringify(pipeline.specification, options)}---\n${stringify(platform, options)}`;
}
