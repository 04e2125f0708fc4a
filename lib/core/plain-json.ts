/**
 * JSON of results. JSON.stringify writes a typed array as an object with a key for each number; results give it plain arrays
 * instead. What makes them do so is not enumerable, so that postMessage and structuredClone copy a result as it is.
 */

/** A type as JSON has it: typed arrays are plain arrays. */
export type JsonOf<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends Float64Array | Float32Array | Uint16Array | Uint8Array
    ? readonly number[]
    : T extends readonly unknown[]
      ? { readonly [K in keyof T]: JsonOf<T[K]> }
      : { readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? never : K]: JsonOf<T[K]> };

/** What {@link withJson} adds. */
export interface Jsonable<T> {
  toJSON(): JsonOf<T>;
}

/** A deep copy in plain objects and arrays. */
export function plainJson(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array | Float32Array | Uint16Array | Uint8Array);
  if (Array.isArray(value)) return value.map(plainJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainJson(inner)]));
}

function toJSON(this: object): unknown {
  return plainJson(this);
}

/** The same object; JSON.stringify writes its typed arrays as plain arrays. A member of that name stays. */
export function withJson<T extends object>(value: T): T & Jsonable<T> {
  if (!Object.hasOwn(value, 'toJSON')) Object.defineProperty(value, 'toJSON', { value: toJSON });
  return value as T & Jsonable<T>;
}
