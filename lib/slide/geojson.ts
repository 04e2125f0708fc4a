/** Rings of the polygons of a GeoJSON object, in level-0 pixels. Features of other kinds (points, lines) are no area. */

import type { MicrotomeError } from '../core/errors.js';
import { contradiction } from '../options/check.js';

const maxRings = 2 ** 20;
const maxDepth = 32;

type Json = Readonly<Record<string, unknown>>;

function fault(at: string, found: string): MicrotomeError {
  return contradiction(`The GeoJSON mask is not valid at ${at}: ${found}`);
}

class RingCollector {
  readonly rings: Float64Array[] = [];
  /** Which polygon each ring belongs to. */
  readonly polygonOf: number[] = [];
  #polygons = 0;

  geometry(value: unknown, at: string, depth: number): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault(at, 'expected an object');
    if (depth > maxDepth) throw fault(at, `nested more than ${maxDepth} deep`);
    const o = value as Json;
    switch (o['type']) {
      case 'FeatureCollection':
        this.#each(o['features'], `${at}.features`, (v, where) => this.geometry(v, where, depth + 1));
        return;
      case 'GeometryCollection':
        this.#each(o['geometries'], `${at}.geometries`, (v, where) => this.geometry(v, where, depth + 1));
        return;
      case 'Feature':
        if (o['geometry'] !== null) this.geometry(o['geometry'], `${at}.geometry`, depth + 1);
        return;
      case 'Polygon':
        this.#polygon(o['coordinates'], `${at}.coordinates`);
        return;
      case 'MultiPolygon':
        this.#each(o['coordinates'], `${at}.coordinates`, (v, where) => this.#polygon(v, where));
        return;
      case 'Point':
      case 'MultiPoint':
      case 'LineString':
      case 'MultiLineString':
        return;
      default:
        throw fault(`${at}.type`, `${JSON.stringify(o['type']) ?? 'nothing'} is not a GeoJSON type`);
    }
  }

  #each(list: unknown, at: string, visit: (value: unknown, at: string) => void): void {
    if (!Array.isArray(list)) throw fault(at, 'expected a list');
    for (const [i, value] of list.entries()) visit(value, `${at}[${i}]`);
  }

  #polygon(value: unknown, at: string): void {
    this.#each(value, at, (ring, where) => this.#ring(ring, where));
    this.#polygons++;
  }

  #ring(value: unknown, at: string): void {
    if (!Array.isArray(value) || value.length < 4) throw fault(at, 'expected a ring of at least four positions');
    const xy = new Float64Array(value.length * 2);
    value.forEach((position: unknown, i) => {
      const [x, y] = Array.isArray(position) ? (position as unknown[]) : [];
      if (typeof x !== 'number' || typeof y !== 'number' || !Number.isFinite(x) || !Number.isFinite(y)) {
        throw fault(`${at}[${i}]`, 'expected a position of two numbers');
      }
      xy[2 * i] = x;
      xy[2 * i + 1] = y;
    });
    this.rings.push(xy);
    this.polygonOf.push(this.#polygons);
    if (this.rings.length > maxRings) throw fault(at, `more than ${maxRings} rings`);
  }
}

/** Throws INVALID_OPTION naming the place. Rings are closed: the first position is the last one too. */
export function geoJsonRings(value: unknown): { rings: readonly Float64Array[]; polygonOf: readonly number[] } {
  const collector = new RingCollector();
  collector.geometry(value, 'the top', 0);
  if (collector.rings.length === 0) throw fault('the top', 'it has no polygon');
  const { rings, polygonOf } = collector;
  return { rings, polygonOf };
}
