/** Files of tiles and of features are made of one tile input; a message says so of a model that has several. */
import type { Model } from '../model/model.js';

/** Such as: its first tile input (near). Null: the model has no other one. */
export function firstInputText({ inputs }: Model): string | null {
  const [first] = inputs;
  return first === undefined || inputs.length === 1 ? null : `its first tile input (${first.name})`;
}
