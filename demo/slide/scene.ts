/**
 * What lies where on a generated slide: tissue sections with their layers, pen strokes, black borders. A scene is a
 * function of its options alone; `fieldsAt` may be asked for any point in any order. Lengths are level-0 pixels.
 */
import { Field, FIELD_COUNT, type Box, type PenColour, type SceneOptions } from './fields.js';
import { fractal2, noise2, smoothstep } from './noise.js';
import { Random } from './random.js';
import { layoutSections, type Section } from './sections.js';
import { randomStain, type Stain } from './stain.js';

interface Pen {
  readonly colour: PenColour;
  readonly halfWidthPx: number;
  /** Points x, y, x, y, … of the stroke's middle line. */
  readonly line: readonly number[];
  readonly box: Box;
}

export class Scene {
  readonly options: SceneOptions;
  readonly stain: Stain;
  /** How strongly nuclei show the signs of relapse, 0 to 1. The two classes overlap a little, as real ones do. */
  readonly grade: number;
  /** Nuclei per unit area relative to the usual, drawn without looking at the class. */
  readonly cellularity: number;
  readonly textureSeed: number;
  private readonly sections: readonly Section[];
  private readonly pens: readonly Pen[];
  private readonly borderPx: number;

  constructor(options: SceneOptions) {
    this.options = options;
    const random = new Random(options.seed);
    this.stain = randomStain(random);
    this.cellularity = random.between(0.75, 1.25);
    this.textureSeed = random.fork();
    const level = random.next();
    this.grade = options.relapse ? 0.48 + 0.52 * level : 0.52 * level;
    this.borderPx = options.borders.length === 0 ? 0 : Math.min(options.width, options.height) * 0.03;
    this.sections = layoutSections(options, this.borderPx, random.fork());
    this.pens = options.pens.map((colour) => drawPen(colour, this.sections, options, new Random(random.fork())));
  }

  /** False where the box is certainly clean glass, so that it need not be painted. */
  touches(box: Box): boolean {
    const hits = (other: Box): boolean =>
      other.left < box.right && other.right > box.left && other.top < box.bottom && other.bottom > box.top;
    return (
      this.sections.some((s) => hits(s.box)) ||
      this.pens.some((p) => hits(p.box)) ||
      this.borderDepth(box) > -this.borderPx
    );
  }

  /** The colour of the pen stroke nearest to a point; null without pens. */
  penColourAt(x: number, y: number): PenColour | null {
    let best: Pen | null = null;
    let bestDepth = -Infinity;
    for (const pen of this.pens) {
      const depth = penDepth(pen, x, y);
      if (depth > bestDepth) {
        best = pen;
        bestDepth = depth;
      }
    }
    return best?.colour ?? null;
  }

  /** Writes FIELD_COUNT values at out[at]. */
  fieldsAt(x: number, y: number, out: Float32Array, at: number): void {
    out.fill(0, at, at + FIELD_COUNT);
    out[at + Field.depth] = -1e4;
    for (const section of this.sections) {
      if (x < section.box.left || x > section.box.right || y < section.box.top || y > section.box.bottom) continue;
      section.fieldsAt(x, y, out, at);
    }
    const seed = this.textureSeed;
    out[at + Field.warpX] = 520 * (noise2(x / 900, y / 900, seed) - 0.5);
    out[at + Field.warpY] =
      620 * (noise2(x / 760, y / 760, seed + 1) - 0.5) + 150 * (noise2(x / 210, y / 210, seed + 2) - 0.5);
    out[at + Field.thickness] = 0.78 + 0.44 * fractal2(x / 1500, y / 1500, seed + 3);
    let pen = -1e4;
    for (const p of this.pens) pen = Math.max(pen, penDepth(p, x, y));
    out[at + Field.pen] = pen;
    const wave = this.borderPx * 0.5 * (fractal2(x / 700, y / 700, seed + 4) - 0.5);
    out[at + Field.border] = this.borderDepth({ left: x, right: x, top: y, bottom: y }) + wave;
  }

  /** How far the box reaches into a border; very negative without borders. */
  private borderDepth(box: Box): number {
    let depth = -1e4 - this.borderPx;
    for (const edge of this.options.borders) {
      const distance =
        edge === 'left'
          ? box.left
          : edge === 'right'
            ? this.options.width - box.right
            : edge === 'top'
              ? box.top
              : this.options.height - box.bottom;
      depth = Math.max(depth, this.borderPx - distance);
    }
    return depth;
  }
}

function penDepth(pen: Pen, x: number, y: number): number {
  const { box, line } = pen;
  if (x < box.left || x > box.right || y < box.top || y > box.bottom) return -1e4;
  let best = Infinity;
  for (let i = 0; i + 3 < line.length; i += 2) {
    const x0 = line[i] as number;
    const y0 = line[i + 1] as number;
    const dx = (line[i + 2] as number) - x0;
    const dy = (line[i + 3] as number) - y0;
    const t = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)));
    best = Math.min(best, Math.hypot(x - x0 - t * dx, y - y0 - t * dy));
  }
  return pen.halfWidthPx - best;
}

/** An unsteady arc around one section, as a pathologist's mark is. */
function drawPen(colour: PenColour, sections: readonly Section[], options: SceneOptions, random: Random): Pen {
  const side = Math.min(options.width, options.height);
  const section = sections[random.integer(0, Math.max(0, sections.length - 1))];
  const halfWidthPx = side * random.between(0.006, 0.01);
  const centreX = section?.centreX ?? options.width / 2;
  const centreY = section?.centreY ?? options.height / 2;
  const radiusX = (section?.reachX ?? side * 0.2) * 1.08 + halfWidthPx * 2;
  const radiusY = (section?.reachY ?? side * 0.2) * 1.08 + halfWidthPx * 2;
  const start = random.between(0, 2 * Math.PI);
  const sweep = random.between(1.1, 2.4);
  const seed = random.fork();
  const line: number[] = [];
  for (let i = 0; i <= 48; i++) {
    const angle = start + (sweep * i) / 48;
    const shake = 1 + 0.1 * (noise2(i / 9, 0, seed) - 0.5);
    line.push(centreX + radiusX * shake * Math.cos(angle), centreY + radiusY * shake * Math.sin(angle));
  }
  const xs = line.filter((_, i) => i % 2 === 0);
  const ys = line.filter((_, i) => i % 2 === 1);
  const margin = halfWidthPx + 128;
  return {
    colour,
    halfWidthPx,
    line,
    box: {
      left: Math.min(...xs) - margin,
      top: Math.min(...ys) - margin,
      right: Math.max(...xs) + margin,
      bottom: Math.max(...ys) + margin,
    },
  };
}

/** Where a stroke or border is opaque enough to hide what is under it. */
export function coverOf(depthPx: number, softnessPx: number): number {
  return smoothstep(-softnessPx, softnessPx, depthPx);
}
