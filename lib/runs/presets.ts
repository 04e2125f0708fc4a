/** The two submission layouts: which columns name the row and carry the score, and which metadata columns are known. */

import type { Preset } from './generated-types.js';

/** What the caller calls the columns, and what a name in them may be. */
export interface TableRules {
  readonly idColumn: string | null;
  readonly valueColumn: string | null;
  /** Names may be paths in the folder, with slashes. */
  readonly paths: boolean;
}

export const presetRules: TableRules = { idColumn: null, valueColumn: null, paths: false };

export interface Layout {
  readonly idColumn: string;
  readonly valueColumn: string;
  /** Columns of the metadata file that the layout promises; demanded only where the preset was named. */
  readonly metadataColumns: readonly string[];
  /** True: a row names the slide without its file-name extension. */
  readonly stems: boolean;
}

const kLayouts: Readonly<Record<Preset, Layout>> = {
  visiomel: {
    idColumn: 'filename',
    valueColumn: 'relapse',
    metadataColumns: ['filename', 'age', 'sex', 'body_site', 'melanoma_history'],
    stems: false,
  },
  isic2024: { idColumn: 'isic_id', valueColumn: 'target', metadataColumns: ['isic_id'], stems: true },
};

export const presets = Object.keys(kLayouts) as readonly Preset[];

/** The caller's own names go before those of the preset; the two are never given together. */
export function layoutOf(preset: Preset | null, rules: TableRules = presetRules): Layout {
  const layout = kLayouts[preset ?? 'visiomel'];
  const { idColumn, valueColumn } = rules;
  return { ...layout, idColumn: idColumn ?? layout.idColumn, valueColumn: valueColumn ?? layout.valueColumn };
}

/** The preset whose two columns are exactly `header`, or null. */
export function presetOfHeader(header: readonly string[]): Preset | null {
  return (
    presets.find(
      (p) => header.length === 2 && header[0] === kLayouts[p].idColumn && header[1] === kLayouts[p].valueColumn,
    ) ?? null
  );
}
