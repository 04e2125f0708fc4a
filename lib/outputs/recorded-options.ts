/** The options of a run as its record has them: those that were given, and the defaults that have one value. */
import { fixedDefault, memberName, ownerName } from '../options/describe.js';
import type { OptionPlace } from '../options/row.js';
import { optionRows } from '../options/table.js';

type Known = Readonly<Record<string, unknown>>;
type Plain = string | number | boolean | null | readonly (string | number | boolean | null)[];

function plain(value: unknown): Plain | undefined {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value as Plain;
  if (value instanceof URL) return value.href;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value) && value.every((each) => typeof each !== 'object')) return value as Plain;
  // A model that was loaded before; a mask of many megabytes is only named.
  const named = typeof value === 'object' && 'name' in value ? value.name : undefined;
  if (typeof value === 'object') return typeof named === 'string' ? named : 'an object';
  return undefined;
}

/** The objects of the API that the options of a call are members of. */
export const callPlaces: Readonly<Record<'run' | 'slide' | 'images', readonly OptionPlace[]>> = {
  run: ['run'],
  images: ['images'],
  slide: ['scorer', 'runtime', 'model', 'slide', 'files'],
};

/** By name, such as `tile.size`. What depends on the model, and functions, are left out. */
export function recordedOptions(given: Known, call: keyof typeof callPlaces): Readonly<Record<string, Plain>> {
  const recorded: Record<string, Plain> = {};
  for (const row of optionRows) {
    const isOfCall = row.in.some((place) => callPlaces[call].includes(place));
    if (!isOfCall || row.kind.type === 'object' || row.name in recorded) continue;
    const owner = ownerName(row);
    const holder = owner === '' ? given : given[owner];
    const isGiven = typeof holder === 'object' && holder !== null && memberName(row) in holder;
    const value = isGiven ? (holder as Known)[memberName(row)] : fixedDefault(row.default);
    // Members of an object that nobody gave, such as those of `stopping`, do not hold.
    if (!isGiven && owner !== '' && given[owner] === undefined && owner !== 'limits' && owner !== 'tissue') continue;
    const kept = value === undefined ? undefined : plain(value);
    if (kept !== undefined && !(kept === null && !isGiven)) recorded[row.name] = kept;
  }
  return recorded;
}
