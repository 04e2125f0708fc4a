/**
 * One comparison: starts a fresh process for each contender, compares their pixels or scores, and only then times them in
 * turn. A contender that cannot start, or whose result differs, is out and the reason is kept.
 */
import { contenders, type ContenderName } from '../contenders/registry.js';
import { ready } from '../install/ready.js';
import { interleave, type Timing } from './interleave.js';
import type { Verification, Workload } from './protocol.js';
import { Session } from './session.js';

export interface Entry {
  readonly name: ContenderName;
  /** Changes of the common workload: fewer threads, another grid. */
  readonly workload?: Partial<Workload>;
  /** Key of the result, where a contender enters twice. @defaultValue name */
  readonly as?: string;
  /**
   * `same`: its pixels or scores must be those of the first contender. `stated`: they are kept for the row to compare.
   * `none`: another grid, or nothing to compare. @defaultValue 'same'
   */
  readonly check?: 'same' | 'stated' | 'none';
  /** False: it is there for its pixels or scores alone. @defaultValue true */
  readonly timed?: boolean;
}

export interface Contest {
  readonly workload: Workload;
  readonly entries: readonly Entry[];
  readonly rounds: number;
}

export interface Standing {
  readonly title: string;
  readonly version: string;
  readonly timing: Timing;
  readonly peakRssKib: number;
}

export interface Outcome {
  readonly standings: ReadonlyMap<string, Standing>;
  /** Why a contender is out, by key. */
  readonly out: ReadonlyMap<string, string>;
  readonly verifications: ReadonlyMap<string, Verification>;
}

/** Greatest difference of two scores, as a share of the largest score. */
const TOLERANCE = 1e-3;

const keyOf = (entry: Entry): string => entry.as ?? entry.name;

/** Null when the two agree, else what differs. */
export function difference(expected: Verification, found: Verification, tolerance: number): string | null {
  if (expected.tiles !== found.tiles) return `${found.tiles} tiles, expected ${expected.tiles}`;
  if (expected.digest !== undefined && found.digest !== undefined) {
    return expected.digest === found.digest
      ? null
      : `other pixels: digest ${found.digest}, expected ${expected.digest}`;
  }
  const [a, b] = [expected.scores, found.scores];
  if (a === undefined || b === undefined) return 'nothing to compare: one gave pixels, one scores';
  const scale = Math.max(...a.map(Math.abs));
  const worst = Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));
  if (worst <= tolerance * scale) return null;
  return `other scores: differ by up to ${worst.toPrecision(3)} where the largest is ${scale.toPrecision(3)}`;
}

class Ring {
  readonly sessions = new Map<string, Session>();
  readonly out = new Map<string, string>();
  readonly verifications = new Map<string, Verification>();

  async enter(entry: Entry, workload: Workload): Promise<void> {
    const key = keyOf(entry);
    try {
      await ready(contenders[entry.name].needs);
      const command = contenders[entry.name].command({ ...workload, ...entry.workload });
      this.sessions.set(key, await Session.start(key, command));
    } catch (error) {
      this.out.set(key, error instanceof Error ? error.message : String(error));
    }
  }

  dismiss(key: string, reason: string): void {
    this.sessions.get(key)?.kill();
    this.sessions.delete(key);
    this.out.set(key, reason);
  }

  /** The first that can be verified is what the others are compared with. */
  async verify(entries: readonly Entry[]): Promise<void> {
    let expected: Verification | null = null;
    for (const entry of entries) {
      const session = this.sessions.get(keyOf(entry));
      if (session === undefined || entry.check === 'none') continue;
      try {
        const found = await session.verify();
        this.verifications.set(keyOf(entry), found);
        if (entry.check === 'stated') continue;
        expected ??= found;
        const wrong = difference(expected, found, TOLERANCE);
        if (wrong !== null) this.dismiss(keyOf(entry), wrong);
      } catch (error) {
        this.dismiss(keyOf(entry), error instanceof Error ? error.message : String(error));
      }
    }
  }

  /** Runs until nobody fails any more; one that dies is out and the others start again. */
  async time(entries: readonly Entry[], rounds: number): Promise<Map<string, Timing>> {
    const untimed = new Set(entries.filter((entry) => entry.timed === false).map(keyOf));
    for (;;) {
      let running = '';
      const timed = [...this.sessions].filter(([key]) => !untimed.has(key));
      const runners = timed.map(([name, session]) => ({
        name,
        run: () => {
          running = name;
          return session.run();
        },
      }));
      try {
        return await interleave(runners, rounds);
      } catch (error) {
        this.dismiss(running, error instanceof Error ? error.message : String(error));
      }
    }
  }

  close(): void {
    for (const session of this.sessions.values()) session.kill();
  }
}

export async function hold(contest: Contest): Promise<Outcome> {
  const ring = new Ring();
  try {
    for (const entry of contest.entries) await ring.enter(entry, contest.workload);
    await ring.verify(contest.entries);
    const timings = await ring.time(contest.entries, contest.rounds);
    const standings = new Map<string, Standing>();
    for (const entry of contest.entries) {
      const key = keyOf(entry);
      const session = ring.sessions.get(key);
      const timing = timings.get(key);
      if (session === undefined || timing === undefined) continue;
      const { peakRssKib } = await session.end();
      standings.set(key, { title: contenders[entry.name].title, version: session.version, timing, peakRssKib });
    }
    return { standings, out: ring.out, verifications: ring.verifications };
  } finally {
    ring.close();
  }
}
