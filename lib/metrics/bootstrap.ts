/**
 * How far a figure would lie elsewhere if other rows of the same kind had been drawn: the percentile interval of samples
 * drawn with replacement (Efron, 1979). Rows of one patient resemble each other, so where patients are known they are drawn
 * with all their rows.
 */
import { SeededRandom } from '../core/random.js';
import { Turns } from '../core/turns.js';
import { measureNames, Sample, type MeasureName, type Measures, type Rows } from './measures.js';

/** A 95 % interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Intervals of the figures of an {@link Evaluation}, from samples of its rows. */
export interface Intervals {
  /** Share of the samples that lie between `low` and `high`: 0.95. */
  readonly confidence: number;
  readonly samples: number;
  readonly seed: number;
  /** What was drawn: rows, or patients with all their rows. */
  readonly drawn: 'rows' | 'patients';
  /** Samples that had one class only, and so count for no interval. */
  readonly dropped: number;
  readonly of: Readonly<Partial<Record<MeasureName, Interval>>>;
}

const kConfidence = 0.95;
/** Draws between two looks at the clock. */
const kDrawsATurn = 512;

/** Linear between the two nearest, as numpy's `quantile`. `rising` is sorted and not empty. */
function quantile(rising: Float64Array, share: number): number {
  const at = share * (rising.length - 1);
  const below = rising[Math.floor(at)] ?? 0;
  return below + (at - Math.floor(at)) * ((rising[Math.ceil(at)] ?? 0) - below);
}

async function drawn(rows: Rows, random: SeededRandom, turns: Turns): Promise<Measures> {
  const sample = new Sample(rows);
  const { patients } = rows;
  const units = patients?.length ?? rows.values.length;
  for (let draw = 0; draw < units; draw++) {
    if (draw % kDrawsATurn === 0 && turns.isOver) await turns.next();
    const unit = random.below(units);
    const patient = patients?.[unit];
    if (patient === undefined) {
      sample.add(unit);
      continue;
    }
    sample.addPatient(patient.top);
    for (const row of patient.rows) sample.add(row);
  }
  return sample.measures();
}

/** `samples` is at least 1. */
export async function bootstrap(rows: Rows, samples: number, seed: number): Promise<Intervals> {
  const random = new SeededRandom(seed);
  const turns = new Turns();
  const found: Measures[] = [];
  for (let i = 0; i < samples; i++) {
    const one = await drawn(rows, random, turns);
    if (!Number.isNaN(one.auc)) found.push(one);
  }
  const tail = (1 - kConfidence) / 2;
  const intervalOf = (name: MeasureName): Interval | null => {
    const rising = Float64Array.from(found, (one) => one[name]).sort();
    if (rising.length === 0 || rising.some(Number.isNaN)) return null;
    return Object.freeze({ low: quantile(rising, tail), high: quantile(rising, 1 - tail) });
  };
  const of = measureNames.map((name) => [name, intervalOf(name)] as const).filter(([, interval]) => interval !== null);
  return Object.freeze({
    confidence: kConfidence,
    samples,
    seed,
    drawn: rows.patients === null ? 'rows' : 'patients',
    dropped: samples - found.length,
    of: Object.freeze(Object.fromEntries(of)) as Intervals['of'],
  });
}
