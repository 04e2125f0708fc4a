/**
 * Tissue sections: skin-like slices with keratin, epidermis with ridges, dermis, tumour nests, glands, vessels and fat,
 * laid out so that together they cover the wanted share of the slide. Lengths are level-0 pixels.
 */
import { Field, type Box, type SceneOptions } from './fields.js';
import { fractal2, noise2, smoothstep } from './noise.js';
import { Random } from './random.js';

/** A round structure in the dermis, in section coordinates. */
interface Ring {
  readonly p: number;
  readonly q: number;
  readonly radius: number;
  readonly wall: number;
  readonly kind: 'gland' | 'vessel';
}

/** Mean of the outline's area over that of the bounding ellipse axes' product; measured for the shape below. */
const SHAPE_AREA = 3.42;
const CORNER = 2.6;
/** The lower half is flatter than the upper. */
const FLAT = 0.72;

export class Section {
  readonly centreX: number;
  readonly centreY: number;
  readonly box: Box;
  /** Half the extent on the slide's axes. */
  readonly reachX: number;
  readonly reachY: number;
  private readonly a: number;
  private readonly b: number;
  private readonly cos: number;
  private readonly sin: number;
  private readonly seed: number;
  private readonly epidermisPx: number;
  private readonly harmonics: readonly { readonly k: number; readonly size: number; readonly phase: number }[];
  private readonly tumour: { readonly p: number; readonly q: number; readonly rp: number; readonly rq: number };
  private readonly fatFrom: number;
  private readonly rings: readonly Ring[];

  constructor(centreX: number, centreY: number, a: number, b: number, angle: number, seed: number) {
    const random = new Random(seed);
    this.centreX = centreX;
    this.centreY = centreY;
    this.a = a;
    this.b = b;
    this.cos = Math.cos(angle);
    this.sin = Math.sin(angle);
    this.seed = random.fork();
    this.reachX = Math.hypot(a * this.cos, b * this.sin);
    this.reachY = Math.hypot(a * this.sin, b * this.cos);
    this.box = {
      left: centreX - this.reachX * 1.25,
      right: centreX + this.reachX * 1.25,
      top: centreY - this.reachY * 1.25,
      bottom: centreY + this.reachY * 1.25,
    };
    this.epidermisPx = Math.min(230, 0.16 * b);
    this.harmonics = [2, 3, 4, 5, 7, 11].map((k) => ({
      k,
      size: random.between(0.2, 1) * (0.1 / k),
      phase: random.between(0, 2 * Math.PI),
    }));
    this.tumour = {
      p: random.between(-0.45, 0.45) * a,
      q: random.between(-0.45, -0.15) * b,
      rp: random.between(0.4, 0.68) * a,
      rq: random.between(0.5, 0.85) * b,
    };
    this.fatFrom = random.between(0.2, 0.55);
    this.rings = placeRings(a, b, random);
  }

  /** Overwrites the tissue fields where this section lies deeper than what is there. */
  fieldsAt(x: number, y: number, out: Float32Array, at: number): void {
    const dx = x - this.centreX;
    const dy = y - this.centreY;
    const p = dx * this.cos + dy * this.sin;
    const q = -dx * this.sin + dy * this.cos;
    const depth = this.depthAt(p, q);
    if (depth <= (out[at + Field.depth] as number)) return;
    out[at + Field.depth] = depth;
    if (depth < -64) return;
    const upper = smoothstep(-0.02, 0.3, -q / this.b);
    const ridge = Math.abs(2 * noise2(p / 150, 0.5, this.seed + 1) - 1);
    const epidermis = this.epidermisPx * (0.55 + 0.5 * noise2(p / 900, 0.5, this.seed + 2) + 1.05 * ridge * ridge);
    const band = upper * (1 - smoothstep(epidermis - 22, epidermis + 22, depth));
    const keratin = upper * (1 - smoothstep(this.epidermisPx * 0.22, this.epidermisPx * 0.34, depth));
    const fatLine = q / this.b + 0.5 * (fractal2(x / 1300, y / 1300, this.seed + 3) - 0.5);
    const lobule = smoothstep(0.3, 0.42, fractal2(x / 650, y / 650, this.seed + 4));
    const fat = smoothstep(this.fatFrom, this.fatFrom + 0.08, fatLine) * lobule * smoothstep(30, 160, depth);
    const nests = this.nestsAt(p, q, x, y) * (1 - fat) * (1 - keratin);
    out[at + Field.epidermis] = band;
    out[at + Field.keratin] = keratin;
    out[at + Field.tumour] = nests * (1 - band * 0.7);
    out[at + Field.fat] = fat;
    out[at + Field.lumen] = 0;
    const patch = fractal2(x / 520, y / 520, this.seed + 5);
    const nearTop = upper * (1 - smoothstep(epidermis, epidermis + 900, depth));
    out[at + Field.inflammation] = smoothstep(0.52, 0.78, patch + 0.16 * nearTop) * (1 - fat);
    if (fat < 0.5 && nests < 0.5) this.addRings(p, q, out, at);
  }

  /** Distance to the outline, exact near it: (1 - f) over the length of f's gradient. */
  private depthAt(p: number, q: number): number {
    const b = q < 0 ? this.b : this.b * FLAT;
    const angle = Math.atan2(q / b, p / this.a);
    let rim = 0.86;
    for (const h of this.harmonics) rim += h.size * Math.cos(h.k * angle + h.phase);
    const u = Math.abs(p) / this.a;
    const v = Math.abs(q) / b;
    const f = (u ** CORNER + v ** CORNER) ** (1 / CORNER);
    if (f < 1e-6) return rim * Math.min(this.a, b);
    const gu = (u / f) ** (CORNER - 1) / this.a;
    const gv = (v / f) ** (CORNER - 1) / b;
    const rough = 26 * (fractal2(p / 120, q / 120, this.seed + 6) - 0.5) * Math.min(1, this.b / 800);
    return (rim - f) / Math.hypot(gu, gv) + rough;
  }

  private nestsAt(p: number, q: number, x: number, y: number): number {
    const { tumour } = this;
    const r = Math.hypot((p - tumour.p) / tumour.rp, (q - tumour.q) / tumour.rq);
    const envelope = 1 - smoothstep(0.75, 1.15, r + 0.5 * (fractal2(x / 800, y / 800, this.seed + 7) - 0.5));
    if (envelope <= 0) return 0;
    const island = noise2(x / 290, y / 290, this.seed + 8) * 0.72 + noise2(x / 120, y / 120, this.seed + 9) * 0.28;
    return envelope * smoothstep(0.34, 0.42, island);
  }

  private addRings(p: number, q: number, out: Float32Array, at: number): void {
    for (const ring of this.rings) {
      const r = Math.hypot(p - ring.p, q - ring.q);
      if (r > ring.radius + 40) continue;
      const inside = 1 - smoothstep(ring.radius - 14, ring.radius + 14, r);
      const hole = 1 - smoothstep(ring.radius - ring.wall - 14, ring.radius - ring.wall + 14, r);
      out[at + Field.lumen] = Math.max(out[at + Field.lumen] as number, hole);
      if (ring.kind === 'gland') {
        out[at + Field.epidermis] = Math.max(out[at + Field.epidermis] as number, inside - hole);
      }
    }
  }
}

function placeRings(a: number, b: number, random: Random): Ring[] {
  const count = Math.min(60, Math.round((a * b) / 280000));
  const rings: Ring[] = [];
  for (let i = 0; i < count; i++) {
    // Glands come in groups of up to four.
    const gland = random.next() < 0.5;
    const p = random.between(-0.75, 0.75) * a;
    const q = random.between(-0.35, 0.3) * b;
    const members = gland ? random.integer(2, 4) : 1;
    for (let m = 0; m < members; m++) {
      const radius = gland ? random.between(70, 120) : random.between(60, 150);
      rings.push({
        p: p + (m === 0 ? 0 : random.between(-260, 260)),
        q: q + (m === 0 ? 0 : random.between(-260, 260)),
        radius,
        wall: gland ? radius * 0.62 : 36,
        kind: gland ? 'gland' : 'vessel',
      });
    }
  }
  return rings;
}

/** Places sections in the slots of a loose grid; the share decides their size, the seed the rest. */
export function layoutSections(options: SceneOptions, borderPx: number, seed: number): Section[] {
  const { tissueShare } = options;
  if (!(tissueShare >= 0 && tissueShare <= 0.56)) throw new RangeError('tissueShare must be between 0 and 0.56');
  if (tissueShare === 0) return [];
  const random = new Random(seed);
  const width = options.width - 2 * borderPx;
  const height = options.height - 2 * borderPx;
  const area = tissueShare * options.width * options.height;
  // Few sections where the share leaves little room, or where they would be too small to hold any structure.
  const most = tissueShare > 0.3 ? 1 : tissueShare > 0.2 ? 2 : 4;
  const count = Math.max(1, Math.min(most, Math.floor(area / 4e5)));
  const columns = count === 4 ? 2 : height >= width ? 1 : count;
  const rows = Math.ceil(count / columns);
  const slotWidth = width / columns;
  const slotHeight = height / rows;
  const sections: Section[] = [];
  for (let i = 0; i < count; i++) {
    const { a, b } = sectionAxes(area / count, slotWidth, slotHeight, random);
    const angle = slotWidth >= slotHeight ? random.between(-0.12, 0.12) : Math.PI / 2 + random.between(-0.12, 0.12);
    const roomX = Math.max(0, slotWidth / 2 - (slotWidth >= slotHeight ? a : b));
    const roomY = Math.max(0, slotHeight / 2 - (slotWidth >= slotHeight ? b : a));
    const x = borderPx + slotWidth * ((i % columns) + 0.5) + roomX * random.between(-0.5, 0.5);
    const y = borderPx + slotHeight * (Math.floor(i / columns) + 0.5) + roomY * random.between(-0.5, 0.5);
    sections.push(new Section(x, y, a, b, angle, random.fork()));
  }
  return sections;
}

/** Half axes of the wanted area that fit the slot, longer along the slot's longer side. */
function sectionAxes(area: number, slotWidth: number, slotHeight: number, random: Random): { a: number; b: number } {
  const long = Math.max(slotWidth, slotHeight) / 2;
  const short = Math.min(slotWidth, slotHeight) / 2;
  const product = area / (SHAPE_AREA * 0.86 * 0.86 * ((1 + FLAT) / 2));
  const aspect = random.between(1.5, 2.3);
  const a = Math.min(long * 1.05, Math.sqrt(product * aspect));
  const b = Math.min(short * 1.15, product / a);
  return { a: Math.max(a, product / b), b };
}
