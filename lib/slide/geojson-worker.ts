/**
 * The worker thread that parses one GeoJSON file: gets the bytes in pieces, answers with flat numbers or with what is
 * wrong, and ends. Started by lib/slide/geojson-file.
 */
import { parentPort, workerData } from 'node:worker_threads';

import { GeoJsonFault, walkGeoJson } from './geojson.js';

/**
 * JSON.parse takes 30 to 100 bytes for each list or object: 64 MiB of positions of one digit (eleven million) still pass,
 * 64 MiB of empty objects would take gigabytes.
 */
const maxContainers = 12_000_000;
const openBracket = 0x5b;
const openBrace = 0x7b;

/** The polygons, in pieces that follow each other; see PolygonSink. */
export interface FlatPolygons {
  readonly positions: readonly Float64Array<ArrayBuffer>[];
  readonly rings: readonly Uint32Array<ArrayBuffer>[];
}

/** What the worker answers. */
export type GeoJsonAnswer =
  | { readonly polygons: FlatPolygons }
  /** More lists and objects than this many. */
  | { readonly tooMany: number }
  /** Not valid JSON, for this reason. */
  | { readonly notJson: string }
  | { readonly fault: { readonly at: string; readonly found: string } };

/** Brackets inside strings count too: that there are so many of them there is unlikely. */
function containersIn(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === openBracket || byte === openBrace) ++count;
  return count;
}

function parsed(pieces: readonly Uint8Array[]): GeoJsonAnswer {
  if (pieces.reduce((sum, piece) => sum + containersIn(piece), 0) > maxContainers) return { tooMany: maxContainers };
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch (error) {
    return { notJson: error instanceof Error ? error.message : String(error) };
  }
  try {
    const positions: Float64Array<ArrayBuffer>[] = [];
    const rings: Uint32Array<ArrayBuffer>[] = [];
    const walk = walkGeoJson(value, {
      positions: (piece) => positions.push(piece.slice()),
      rings: (piece) => rings.push(piece.slice()),
    });
    while (walk.next().done !== true);
    return { polygons: { positions, rings } };
  } catch (error) {
    if (!(error instanceof GeoJsonFault)) throw error;
    return { fault: { at: error.at, found: error.found } };
  }
}

const answer = parsed(workerData as readonly Uint8Array[]);
const numbers = 'polygons' in answer ? [...answer.polygons.positions, ...answer.polygons.rings] : [];
parentPort?.postMessage(
  answer,
  numbers.map((piece) => piece.buffer),
);
