/** The deadline of the command line: a duration such as 90s, 30m, 8h or 1h30m, or a moment as ISO 8601 writes it. */

const kUnits = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

const kDuration = /^(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?$/;
const kMoment = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?$/;

const kExpected = ', expected a duration such as 90s, 30m, 8h or 1h30m, or a moment such as 2031-05-01T18:00';

/** Milliseconds, or a moment; one without a zone is in local time. `refuse` throws what it is told of the text. */
export function deadlineOf(text: string, refuseWith: (found: string) => never): number | Date {
  const refuse = (found: string): never => refuseWith(`${found}${kExpected}`);
  if (/^\d+(\.\d+)?$/.test(text)) return refuse(', without a unit');
  const parts = kDuration.exec(text);
  if (parts !== null) {
    const ms = kUnits.reduce((sum, [, unitMs], i) => sum + Number(parts[i + 1] ?? 0) * unitMs, 0);
    return ms >= 1 ? Math.round(ms) : refuse(', which is no time at all');
  }
  const moment = kMoment.exec(text);
  const date = new Date(text);
  // Date takes 30 February for 2 March.
  const isDay = moment !== null && new Date(`${moment[1]}T00:00Z`).toJSON()?.startsWith(`${moment[1]}T`);
  return isDay && !Number.isNaN(date.getTime()) ? date : refuse('');
}
