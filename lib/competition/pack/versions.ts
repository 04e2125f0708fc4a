/** Versions of symbols: GLIBC_2.28 is version 2.28 of the family GLIBC. */
import { boxNamedVersions, boxVersions } from './box.js';

/** The versions of one library have one family: GLIBC, GLIBCXX, CXXABI, GCC. */
export type Family = keyof typeof boxVersions;

const families = Object.keys(boxVersions) as readonly Family[];

export function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); ++i) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The numbers of `version` where it is of the family, else null. */
export function numbersOf(version: string, family: string): readonly number[] | null {
  const text = version.startsWith(`${family}_`) ? version.slice(family.length + 1) : '';
  return /^\d{1,6}(?:\.\d{1,6}){0,3}$/.test(text) ? text.split('.').map(Number) : null;
}

/** Whether the machine of the challenge has this version of its own libraries. */
export function boxHas(version: string): boolean {
  if (boxNamedVersions.has(version)) return true;
  return families.some((family) => {
    const numbers = numbersOf(version, family);
    return numbers !== null && compareVersions(numbers, boxVersions[family]) <= 0;
  });
}

/** The highest of the versions that are of the family, as text; null where none is. */
export function highest(versions: Iterable<string>, family: Family): string | null {
  const found = [...versions].map((version) => numbersOf(version, family)).filter((numbers) => numbers !== null);
  return found.sort(compareVersions).at(-1)?.join('.') ?? null;
}

/** The family of a version with numbers; null: it is of none that we know. */
export function familyOf(version: string): Family | null {
  return families.find((family) => numbersOf(version, family) !== null) ?? null;
}

/** Whether `version` is above `other`; true where there is no other. */
export function isHigher(version: string, other: string | undefined, family: Family): boolean {
  if (other === undefined) return true;
  return compareVersions(numbersOf(version, family) ?? [], numbersOf(other, family) ?? []) > 0;
}
