/** A row of metadata that a model understands, of no slide: for trials. */
import type { ClinicalFeature, ModelSpec } from '../spec.js';
import type { ClinicalRow } from './row-text.js';

function sampleOf({ type, mean, trueWords, categories }: ClinicalFeature): string {
  switch (type) {
    case 'boolean':
      return trueWords[0] ?? '';
    case 'category':
      return categories[0] ?? '';
    default:
      return String(Math.max(mean, 0));
  }
}

export function sampleRow({ clinical, heads }: Pick<ModelSpec, 'clinical' | 'heads'>): ClinicalRow {
  // A column may be called __proto__.
  const row = Object.create(null) as Record<string, string>;
  for (const feature of clinical) row[feature.column] = sampleOf(feature);
  for (const head of heads)
    if (head.kind === 'choose') row[head.choice.column] = String(head.choice.cases[0]?.equals[0] ?? '');
  return row;
}
