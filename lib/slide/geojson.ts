/**
 * Polygons of a GeoJSON object as flat numbers, in level-0 pixels. Features of other kinds (points, lines) are no area.
 * The walk is a generator, so that whoever drives it decides when to pause: a worker thread never does.
 */

const maxRings = 2 ** 20;
const maxPositions = 20_000_000;
const maxDepth = 32;

/** Numbers in a piece: 256 KiB of positions, which are copied in a fraction of a millisecond. */
const pieceLength = 2 ** 15;
/** Elements that are visited, or positions that are read, between two pauses: well under a millisecond. */
const elementsPerPause = 256;
const positionsPerPause = 4096;

type Json = Readonly<Record<string, unknown>>;

/** What is wrong, and where in the GeoJSON. */
export class GeoJsonFault extends Error {
  readonly at: string;
  readonly found: string;

  constructor(at: string, found: string) {
    super(`${at}: ${found}`);
    this.at = at;
    this.found = found;
  }
}

/** Takes the polygons piece by piece. A piece is written over as soon as the call returns. */
export interface PolygonSink {
  /** x and y of every position, ring by ring. */
  positions(piece: Float64Array): void;
  /** Two numbers for each ring: how many positions it has, and which polygon it belongs to. */
  rings(piece: Uint32Array): void;
}

/** Pairs of numbers, gathered in one piece and handed over whenever it is full. */
class Pairs<Piece extends Float64Array | Uint32Array> {
  readonly #piece: Piece;
  readonly #take: (piece: Piece) => void;
  #used = 0;
  count = 0;

  constructor(piece: Piece, take: (piece: Piece) => void) {
    this.#piece = piece;
    this.#take = take;
  }

  push(a: number, b: number): void {
    this.#piece[this.#used++] = a;
    this.#piece[this.#used++] = b;
    ++this.count;
    if (this.#used === this.#piece.length) this.flush();
  }

  flush(): void {
    if (this.#used > 0) this.#take(this.#piece.subarray(0, this.#used) as Piece);
    this.#used = 0;
  }
}

type Walk = Generator<void, void, undefined>;

class PolygonWalk {
  readonly #positions: Pairs<Float64Array>;
  readonly #rings: Pairs<Uint32Array>;
  #polygons = 0;
  #visited = 0;

  constructor(sink: PolygonSink) {
    this.#positions = new Pairs<Float64Array>(new Float64Array(pieceLength), (piece) => sink.positions(piece));
    this.#rings = new Pairs<Uint32Array>(new Uint32Array(pieceLength), (piece) => sink.rings(piece));
  }

  *all(value: unknown): Walk {
    yield* this.geometry(value, 'the top', 0);
    if (this.#rings.count === 0) throw new GeoJsonFault('the top', 'it has no polygon');
    this.#positions.flush();
    this.#rings.flush();
  }

  *geometry(value: unknown, at: string, depth: number): Walk {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new GeoJsonFault(at, 'expected an object');
    if (depth > maxDepth) throw new GeoJsonFault(at, `nested more than ${maxDepth} deep`);
    const o = value as Json;
    switch (o['type']) {
      case 'FeatureCollection':
        yield* this.#each(o['features'], `${at}.features`, (v, where) => this.geometry(v, where, depth + 1));
        return;
      case 'GeometryCollection':
        yield* this.#each(o['geometries'], `${at}.geometries`, (v, where) => this.geometry(v, where, depth + 1));
        return;
      case 'Feature':
        if (o['geometry'] !== null) yield* this.geometry(o['geometry'], `${at}.geometry`, depth + 1);
        return;
      case 'Polygon':
        yield* this.#polygon(o['coordinates'], `${at}.coordinates`);
        return;
      case 'MultiPolygon':
        yield* this.#each(o['coordinates'], `${at}.coordinates`, (v, where) => this.#polygon(v, where));
        return;
      case 'Point':
      case 'MultiPoint':
      case 'LineString':
      case 'MultiLineString':
        return;
      default:
        throw new GeoJsonFault(`${at}.type`, `${shown(o['type'])} is not a GeoJSON type`);
    }
  }

  /** The length is that of the start: a caller who appends while the walk pauses does not make it endless. */
  *#each(list: unknown, at: string, visit: (value: unknown, at: string) => Walk): Walk {
    if (!Array.isArray(list)) throw new GeoJsonFault(at, 'expected a list');
    const { length } = list;
    for (let i = 0; i < length; ++i) {
      if (++this.#visited % elementsPerPause === 0) yield;
      yield* visit(list[i], `${at}[${i}]`);
    }
  }

  *#polygon(value: unknown, at: string): Walk {
    yield* this.#each(value, at, (ring, where) => this.#ring(ring, where));
    this.#polygons++;
  }

  *#ring(value: unknown, at: string): Walk {
    if (!Array.isArray(value) || value.length < 4)
      throw new GeoJsonFault(at, 'expected a ring of at least four positions');
    const { length } = value;
    for (let i = 0; i < length; ++i) {
      if (i % positionsPerPause === positionsPerPause - 1) yield;
      const position: unknown = value[i];
      const [x, y] = Array.isArray(position) ? (position as unknown[]) : [];
      if (typeof x !== 'number' || typeof y !== 'number' || !Number.isFinite(x) || !Number.isFinite(y))
        throw new GeoJsonFault(`${at}[${i}]`, 'expected a position of two numbers');
      this.#positions.push(x, y);
      if (this.#positions.count > maxPositions) throw new GeoJsonFault(at, `more than ${maxPositions} positions`);
    }
    this.#rings.push(length, this.#polygons);
    if (this.#rings.count > maxRings) throw new GeoJsonFault(at, `more than ${maxRings} rings`);
  }
}

/** A value that stands where a type should, short enough for a message. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  return value === undefined ? 'nothing' : typeof value === 'object' ? 'an object' : String(value);
}

/**
 * Walks a GeoJSON object; every pause is a place to let others run. Throws {@link GeoJsonFault}; the sink may have got
 * some pieces by then. A ring is closed whether or not its last position repeats the first.
 */
export function walkGeoJson(value: unknown, sink: PolygonSink): Generator<void, void, undefined> {
  return new PolygonWalk(sink).all(value);
}
