/** The options that a model was loaded with: they change scores, and the hash of its files does not know them. */
import type { ModelOptions } from '../options/types.js';
import type { Model } from './model.js';

const told = new WeakMap<Model, ModelOptions>();

export function rememberOptions(model: Model, options: ModelOptions | undefined): Model {
  if (options !== undefined) told.set(model, structuredClone(options));
  return model;
}

/** Empty for a model that was loaded without options. */
export function optionsOfModel(model: Model): ModelOptions {
  return told.get(model) ?? {};
}
