/** The two submission layouts: which columns name the row and carry the score, and which metadata columns are known. */

import type { Preset } from './generated-types.js';

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

export function layoutOf(preset: Preset | null): Layout {
  return kLayouts[preset ?? 'visiomel'];
}

/** The preset whose two columns are exactly `header`, or null. */
export function presetOfHeader(header: readonly string[]): Preset | null {
  return (
    presets.find(
      (p) => header.length === 2 && header[0] === kLayouts[p].idColumn && header[1] === kLayouts[p].valueColumn,
    ) ?? null
  );
}
