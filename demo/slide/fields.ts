/** The vocabulary of a scene: its options and the values it gives at every point. Lengths are level-0 pixels. */

export const PEN_COLOURS = {
  blue: [38, 62, 168],
  green: [24, 132, 74],
  red: [196, 36, 44],
  black: [26, 26, 30],
} as const;

export type PenColour = keyof typeof PEN_COLOURS;
export type Edge = 'left' | 'right' | 'top' | 'bottom';

export interface SceneOptions {
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  /** The class that the demonstration model learns to tell. */
  readonly relapse: boolean;
  /** Share of the slide that is tissue, 0 to 0.56. */
  readonly tissueShare: number;
  readonly pens: readonly PenColour[];
  readonly borders: readonly Edge[];
}

/** Indices into the array that fieldsAt fills. */
export const Field = {
  /** Distance into the section; negative on glass. */
  depth: 0,
  /** 0 to 1: epithelium. */
  epidermis: 1,
  /** 0 to 1: keratin layer on top of it. */
  keratin: 2,
  /** 0 to 1: tumour cell nests. */
  tumour: 3,
  /** 0 to 1: fat. */
  fat: 4,
  /** 0 to 1: empty space inside tissue. */
  lumen: 5,
  /** 0 to 1: density of inflammatory cells. */
  inflammation: 6,
  /** Displacement of the fibre texture. */
  warpX: 7,
  warpY: 8,
  /** Slow variation of thickness, around 1. */
  thickness: 9,
  /** Distance into a pen stroke; negative outside. */
  pen: 10,
  /** Distance into the black border; negative outside. */
  border: 11,
} as const;

export const FIELD_COUNT = 12;

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}
