/** Loads the models of a server, and gives each its name. */

import { MicrotomeError } from '../core/errors.js';
import { pathOf } from '../core/file-url.js';
import { invalid } from '../options/check.js';
import { imageAssumptions } from '../scoring/image-scorer.js';
import { createGraphEngine, createServingEngine, type ServingEngine } from '../scoring/serving-engine.js';
import { checkDeclared } from './declared.js';
import type { ModelToServe, ParsedServerOptions } from './options.js';
import { ServedModel } from './served-model.js';

export interface LoadedModels {
  readonly models: ReadonlyMap<string, ServedModel>;
  readonly notes: readonly string[];
}

/** What an address may have without escapes, and a label of a metric may show. */
const nameRule = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

function nameOf(one: ModelToServe, engine: ServingEngine): string {
  const name = one.name ?? engine.model?.name ?? '';
  if (nameRule.test(name)) return name;
  throw invalid(
    'models',
    'a name of letters, digits, _, . and -, at most 128',
    name,
    '.name',
    'pass a name beside the model',
  );
}

async function engineOf(one: ModelToServe, { limits, signal }: ParsedServerOptions): Promise<ServingEngine> {
  if (one.tensors === undefined) {
    const { name: _, tensors: __, ...options } = one;
    return createServingEngine({
      ...options,
      ...(signal === null ? {} : { signal }),
      mostPixels: limits.imagePixels,
    });
  }
  const { name: _, tensors, declared, model: __, ...options } = one;
  const engine = await createGraphEngine(pathOf(tensors), { ...options, ...(signal === null ? {} : { signal }) });
  try {
    if (declared !== undefined) checkDeclared(declared, engine, tensors);
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** What a reader of the log should know of a model. */
function notesOf(name: string, { model, images, tensors, slides }: ServingEngine): readonly string[] {
  const can = [
    'can' in images ? 'encoded images' : null,
    'can' in tensors ? 'tensors' : null,
    'can' in slides ? 'slides' : null,
  ].filter((one) => one !== null);
  const assumed = model !== null && 'can' in images ? imageAssumptions(model) : [];
  return [`${name} takes ${can.join(', ')}`, ...assumed.map((line) => `${name}: ${line}`)];
}

/** Loads one after another: each may need much memory for a moment. Throws what the loading throws, and INVALID_OPTION. */
export async function loadModels(
  options: ParsedServerOptions,
  onBatch: (model: string, rows: number, requests: number) => void,
): Promise<LoadedModels> {
  const { limits, batchRows, batchDelayMs: delayMs } = options;
  const models = new Map<string, ServedModel>();
  const notes: string[] = [];
  try {
    for (const one of options.models) {
      const engine = await engineOf(one, options);
      try {
        const name = nameOf(one, engine);
        if (models.has(name))
          throw new MicrotomeError('INVALID_OPTION', 'options', `two models have the name ${name}`, {
            advice: 'pass another name beside one of them',
          });
        const told = (rows: number, requests: number): void => onBatch(name, rows, requests);
        models.set(name, new ServedModel({ name, engine, limits, batchRows, delayMs, onBatch: told }));
        notes.push(...notesOf(name, engine));
      } catch (error) {
        await engine.close();
        throw error;
      }
    }
    return { models, notes };
  } catch (error) {
    await Promise.all([...models.values()].map((model) => model.close(error)));
    throw error;
  }
}
