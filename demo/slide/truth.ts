/** What a generated slide holds, cell by cell: what a reader's tissue mask is measured against. */
import { Field, FIELD_COUNT, type PenColour } from './fields.js';
import type { Scene } from './scene.js';

/** Level-0 pixels per label. */
export const LABEL_CELL_PX = 32;

export const Label = {
  glass: 0,
  tissue: 1,
  pen: 2,
  border: 3,
  /** Inside the outline of a section but all but unstained: fat, lumina. */
  pale: 4,
} as const;

export interface SlideTruth {
  readonly width: number;
  readonly height: number;
  readonly relapse: boolean;
  /** 0 to 1: how strongly the signs of relapse are drawn. */
  readonly grade: number;
  readonly pens: readonly PenColour[];
  /** One Label per LABEL_CELL_PX square, taken at its centre; rows of `columns`. */
  readonly labels: Uint8Array;
  readonly columns: number;
  readonly rows: number;
  /** Shares of all cells, by name of Label. Tissue and pale together are the sections. */
  readonly shares: Readonly<Record<keyof typeof Label, number>>;
}

export function sceneTruth(scene: Scene): SlideTruth {
  const { width, height, relapse, pens } = scene.options;
  const columns = Math.ceil(width / LABEL_CELL_PX);
  const rows = Math.ceil(height / LABEL_CELL_PX);
  const labels = new Uint8Array(columns * rows);
  const fields = new Float32Array(FIELD_COUNT);
  // Blocks of cells that nothing touches are glass without asking cell by cell.
  const block = 64;
  for (let top = 0; top < rows; top += block) {
    for (let left = 0; left < columns; left += block) {
      const right = Math.min(columns, left + block);
      const bottom = Math.min(rows, top + block);
      const box = {
        left: left * LABEL_CELL_PX,
        top: top * LABEL_CELL_PX,
        right: right * LABEL_CELL_PX,
        bottom: bottom * LABEL_CELL_PX,
      };
      if (!scene.touches(box)) continue;
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          scene.fieldsAt((x + 0.5) * LABEL_CELL_PX, (y + 0.5) * LABEL_CELL_PX, fields, 0);
          labels[y * columns + x] = labelOf(fields);
        }
      }
    }
  }
  return { width, height, relapse, grade: scene.grade, pens, labels, columns, rows, shares: sharesOf(labels) };
}

function labelOf(fields: Float32Array): number {
  if ((fields[Field.border] as number) > 0) return Label.border;
  if ((fields[Field.pen] as number) > 0) return Label.pen;
  if ((fields[Field.depth] as number) <= 0) return Label.glass;
  return (fields[Field.fat] as number) > 0.5 || (fields[Field.lumen] as number) > 0.5 ? Label.pale : Label.tissue;
}

function sharesOf(labels: Uint8Array): SlideTruth['shares'] {
  const counts = new Float64Array(5);
  for (const label of labels) counts[label] = (counts[label] as number) + 1;
  const share = (label: number): number => (counts[label] as number) / labels.length;
  return {
    glass: share(Label.glass),
    tissue: share(Label.tissue),
    pen: share(Label.pen),
    border: share(Label.border),
    pale: share(Label.pale),
  };
}
