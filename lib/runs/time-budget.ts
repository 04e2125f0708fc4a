/**
 * Spreads the time until a deadline over the slides of a run. What is given up comes in a declared order:
 *
 *   1. nothing: all tiles, while the slides that are left are expected to fit
 *   2. tiles: no slide gets more than so many that all are expected to fit, and never fewer than `minTiles`; of a slide
 *      that has more, the seeded even sample is scored
 *   3. slides: when not even `minTiles` fit into all the time that is left, a slide is not begun, and one that still runs
 *      at the end is cut off; its row takes the fallback
 *
 * Costs are in shares of the machine: while n slides are in flight, each is charged one n-th of the time that passes, so
 * that the charges add up to the time of the run whatever overlaps. Nothing here waits or reads a clock of its own.
 */
import type { Clock } from './clock.js';
import { evenTiles, expectedTiles, type ExpectedSlide } from './even-tiles.js';
import { estimateOf, WorkRecord, type WorkEstimate, type WorkSample } from './work-estimate.js';

export interface TimeSettings {
  readonly clock: Clock;
  /** On that clock. */
  readonly endMs: number;
  readonly minTiles: number;
  /** Most tiles of a slide with all the time in the world; 0: no limit. */
  readonly tilesPerSlide: number;
  readonly slidesInFlight: number;
  /** Bytes of the slides to score, by row index. */
  readonly slides: ReadonlyMap<number, number>;
}

interface Flight {
  readonly bytes: number;
  readonly tileBudget: number | null;
  /** How often the slide was begun. */
  readonly tries: number;
  stopMs: number;
  chargedMs: number;
  /** Charged when the tiles were planned; null until then. */
  fixedMs: number | null;
  tilesTotal: number;
  tilesDone: number;
  /** Where the rate is measured from: the first tiles come late, for many are on their way at once. */
  rateFrom: { readonly chargedMs: number; readonly tiles: number } | null;
}

/** Of the time that is left: the rest is for what no estimate foresees. */
const kSafety = 0.95;
/** Tiles that must have been timed before a slide is judged by them. */
const kEvidenceTiles = 32;
/** A slide is begun again with fewer tiles where that takes at most this part of going on, or going on is in vain. */
const kWorthwhile = 0.8;
const kMostTries = 4;
/** A slide that takes so many times what it was expected to is cut off. */
const kPatience = 3;
const kReserveShare = 0.02;
const kMinReserveMs = 500;
const kMaxReserveMs = 30_000;
/** Of the whole time: a very short deadline is not all reserve. */
const kMaxReserveShare = 0.25;
/** Of the slides that wait, as many are looked at, evenly in row order. */
const kLookedAt = 48;
/** A clock may stand still between two reports; no rate is taken for infinite. */
const kLeastMsPerTile = 1e-6;
/** To make a row durable, until it was measured. */
const kAppendMs = 5;

export class TimeBudget {
  private readonly record = new WorkRecord();
  private readonly waiting: Map<number, number>;
  private readonly flights = new Map<number, Flight>();
  private readonly reserveMs: number;
  private lastMs: number;
  private appendMs = kAppendMs;

  constructor(private readonly settings: TimeSettings) {
    this.waiting = new Map([...settings.slides].map(([index, bytes]) => [index, Math.max(bytes, 1)]));
    this.lastMs = settings.clock.nowMs();
    const allMs = Math.max(settings.endMs - this.lastMs, 0);
    const wanted = Math.min(Math.max(allMs * kReserveShare, kMinReserveMs), kMaxReserveMs);
    this.reserveMs = Math.min(wanted, allMs * kMaxReserveShare);
  }

  get clock(): Clock {
    return this.settings.clock;
  }

  /** When scoring ends, so that the rows without a score can be noted and the output written before the deadline. */
  get lastCallMs(): number {
    const open = this.waiting.size + this.flights.size;
    return this.settings.endMs - this.reserveMs - open * this.appendMs;
  }

  /** What the slide may cost. Null: there is no time for it; it counts as done. */
  admit(index: number): { readonly tileBudget: number | null } | null {
    const now = this.charge();
    const bytes = this.waiting.get(index) ?? 1;
    this.waiting.delete(index);
    const leftMs = this.lastCallMs - now;
    if (leftMs <= 0) return null;
    const estimate = this.estimate();
    if (estimate === null) {
      // Nothing is known: begin with all tiles, and judge by the first of them (moved()).
      this.begin(index, bytes, null, now + (this.waiting.size === 0 ? leftMs : leftMs / 2));
      return { tileBudget: null };
    }
    const running = this.running(estimate, null);
    const usableMs = leftMs * kSafety - running.ms;
    const expected = expectedTiles([this.slideOf(estimate, bytes)]);
    const floor = this.floorTiles();
    const leastMs =
      estimate.msPerTile * expectedTiles(running.open, floor) + costOf(estimate, Math.min(floor, expected));
    if (leastMs > usableMs) return null;
    const { tiles, spareMs } = this.tilesOf(estimate, bytes, usableMs, running.open);
    const { tilesPerSlide, slidesInFlight } = this.settings;
    const tileBudget = tiles < (tilesPerSlide || Number.MAX_SAFE_INTEGER) ? tiles : null;
    const patienceMs = kPatience * costOf(estimate, Math.min(tiles, expected)) * slidesInFlight;
    this.begin(index, bytes, tileBudget, now + Math.max(patienceMs, spareMs / 2));
    return { tileBudget };
  }

  /** When the slide is cut off, as things stand. */
  stopMs(index: number): number {
    return Math.min(this.flights.get(index)?.stopMs ?? Number.POSITIVE_INFINITY, this.lastCallMs);
  }

  /** The slide has moved on. Not null: it will not fit into its share, and is to be begun again with so many tiles. */
  moved(index: number, done: number, total: number): { readonly tileBudget: number } | null {
    const now = this.charge();
    const flight = this.flights.get(index);
    if (flight === undefined || total === 0) return null;
    flight.tilesTotal = total;
    flight.tilesDone = done;
    flight.fixedMs ??= flight.chargedMs;
    if (done > 0) flight.rateFrom ??= { chargedMs: flight.chargedMs, tiles: done };
    const measured = this.measured(flight);
    if (measured === null || flight.tries === kMostTries) return null;
    const leftTilesMs = measured.msPerTile * (total - done);
    const inFlight = this.settings.slidesInFlight;
    const tileBudget = this.smallerBudget(index, flight, measured, now);
    if (tileBudget === null) {
      flight.stopMs = Math.max(flight.stopMs, now + kPatience * leftTilesMs * inFlight);
      return null;
    }
    this.record.add(measured);
    const costMs = measured.fixedMs + measured.msPerTile * tileBudget;
    this.begin(index, flight.bytes, tileBudget, now + kPatience * costMs * inFlight, flight.tries + 1);
    return { tileBudget };
  }

  /** Null: it failed, or was cut off, and says nothing about cost. Of a slide that is not in flight, nothing is noted. */
  finished(index: number, scored: { readonly tiles: number; readonly fullTiles: number } | null): void {
    this.charge();
    const flight = this.flights.get(index);
    this.flights.delete(index);
    if (flight === undefined || scored === null || scored.tiles <= 0) return;
    const fixedMs = flight.fixedMs ?? 0;
    const msPerTile = Math.max((flight.chargedMs - fixedMs) / scored.tiles, kLeastMsPerTile);
    const fullTiles = Math.min(scored.fullTiles, this.settings.tilesPerSlide || scored.fullTiles);
    this.record.add({ bytes: flight.bytes, fixedMs, msPerTile, tiles: scored.tiles, fullTiles });
  }

  /** A row was made durable, which took so long. */
  appended(ms: number): void {
    // A single long one is not taken for the rule.
    this.appendMs += (Math.min(ms, kPatience * this.appendMs) - this.appendMs) / 4;
  }

  private begin(index: number, bytes: number, tileBudget: number | null, stopMs: number, tries = 1): void {
    const fresh = { chargedMs: 0, fixedMs: null, tilesTotal: 0, tilesDone: 0, rateFrom: null };
    this.flights.set(index, { bytes, tileBudget, tries, stopMs, ...fresh });
  }

  /** Charges the time since the last call to the slides in flight; gives the time now. */
  private charge(): number {
    const now = this.settings.clock.nowMs();
    const each = (now - this.lastMs) / Math.max(this.flights.size, 1);
    for (const flight of this.flights.values()) flight.chargedMs += each;
    this.lastMs = now;
    return now;
  }

  /**
   * How many tiles the slide may have in `usableMs`, beside those that wait and those that are not judged yet; and what
   * is expected to be left over in the end.
   */
  private tilesOf(
    estimate: WorkEstimate,
    bytes: number,
    usableMs: number,
    open: readonly ExpectedSlide[],
  ): { readonly tiles: number; readonly spareMs: number } {
    const own = this.slideOf(estimate, bytes);
    const slides = [own, ...open, ...this.slidesThatWait(estimate)];
    const total = (usableMs - estimate.fixedMs * (this.waiting.size + 1)) / estimate.msPerTile;
    const even = evenTiles(slides, total);
    if (Number.isFinite(even)) return { tiles: Math.max(even, this.floorTiles()), spareMs: 0 };
    // All fit: the slide may even be the largest of its size so far, or take half of what would be left over.
    const spare = total - expectedTiles(slides);
    const most = Math.max(...own.tiles, expectedTiles([own]) + spare / 2);
    const tiles = Math.max(Math.floor(Math.min(most, Number.MAX_SAFE_INTEGER)), this.floorTiles());
    return { tiles, spareMs: spare * estimate.msPerTile };
  }

  /** How many tiles fit where the slide does not as it is; null: it fits, or nothing would be won. */
  private smallerBudget(index: number, flight: Flight, own: WorkSample, now: number): number | null {
    const estimate = this.record.estimate() ?? estimateOf([own]);
    if (estimate === null) return null;
    const running = this.running(estimate, index);
    const usableMs = (this.lastCallMs - now) * kSafety - running.ms;
    const left = flight.tilesTotal - flight.tilesDone;
    // Tiles of this slide, which may take another time than those of the others, are counted as theirs.
    const pace = own.msPerTile / estimate.msPerTile;
    const slides = [{ tiles: [left * pace], weight: 1 }, ...running.open, ...this.slidesThatWait(estimate)];
    const total = (usableMs - estimate.fixedMs * this.waiting.size) / estimate.msPerTile;
    if (evenTiles(slides, total) >= left * pace) return null;
    const even = evenTiles(slides, total - own.fixedMs / estimate.msPerTile);
    const tiles = Math.max(Math.floor(even / pace), this.floorTiles());
    const [againMs, leftMs] = [own.fixedMs + own.msPerTile * tiles, own.msPerTile * left];
    const isInVain = leftMs > this.lastCallMs - now - running.ms;
    return againMs <= usableMs && (isInVain || againMs <= leftMs * kWorthwhile) ? tiles : null;
  }

  /** What the slide in flight has shown so far; null while that is too little. */
  private measured(flight: Flight): WorkSample | null {
    const { bytes, fixedMs, rateFrom, tilesDone, tilesTotal, tileBudget } = flight;
    if (fixedMs === null || rateFrom === null || tilesDone - rateFrom.tiles < kEvidenceTiles) return null;
    const tiles = tilesDone - rateFrom.tiles;
    const known = tileBudget === null ? null : this.record.estimate();
    const expected = known === null ? 0 : expectedTiles([this.slideOf(known, bytes)]);
    const fullTiles = Math.max(tilesTotal, expected);
    const msPerTile = Math.max((flight.chargedMs - rateFrom.chargedMs) / tiles, kLeastMsPerTile);
    return { bytes, fixedMs, msPerTile, tiles, fullTiles };
  }

  /** From the slides that are done; before there is one, from what those in flight have shown. */
  private estimate(): WorkEstimate | null {
    const shown = (): WorkSample[] => [...this.flights.values()].map((f) => this.measured(f)).filter((s) => s !== null);
    return this.record.estimate() ?? estimateOf(shown());
  }

  /** What a slide of so many bytes may turn out to have, by what others had. */
  private slideOf(estimate: WorkEstimate, bytes: number, weight = 1): ExpectedSlide {
    const most = this.settings.tilesPerSlide || Number.POSITIVE_INFINITY;
    const tiles = estimate.tilesPerByte.map((perByte) => Math.min(Math.max(perByte * bytes, 1), most));
    return { tiles, weight };
  }

  private slidesThatWait(estimate: WorkEstimate): readonly ExpectedSlide[] {
    const step = Math.max(Math.ceil(this.waiting.size / kLookedAt), 1);
    const bytes = [...this.waiting.values()].filter((_, i) => i % step === 0);
    return bytes.map((one) => this.slideOf(estimate, one, this.waiting.size / bytes.length));
  }

  private floorTiles(): number {
    const { minTiles, tilesPerSlide } = this.settings;
    return tilesPerSlide > 0 ? Math.min(minTiles, tilesPerSlide) : minTiles;
  }

  /**
   * What the slides in flight, but for one, will still cost: `ms` is settled; the tiles of those in `open` come on top,
   * which may yet be begun again with fewer.
   */
  private running(
    estimate: WorkEstimate,
    except: number | null,
  ): { readonly ms: number; readonly open: ExpectedSlide[] } {
    let ms = 0;
    const open: ExpectedSlide[] = [];
    for (const [index, flight] of this.flights) {
      if (index === except) continue;
      const expected = expectedTiles([this.slideOf(estimate, flight.bytes)]);
      const tiles = flight.tilesTotal > 0 ? flight.tilesTotal : Math.min(expected, flight.tileBudget ?? expected);
      const shown = this.measured(flight);
      const fixedMs = flight.fixedMs ?? estimate.fixedMs;
      if (shown === null && flight.tries === 1) {
        ms += Math.max(fixedMs - flight.chargedMs, 0);
        open.push({ tiles: [tiles - flight.tilesDone], weight: 1 });
      } else {
        const costMs = fixedMs + (shown?.msPerTile ?? estimate.msPerTile) * tiles;
        ms += Math.max(costMs - flight.chargedMs, 0);
      }
    }
    return { ms, open };
  }
}

function costOf(estimate: WorkEstimate, tiles: number): number {
  return estimate.fixedMs + estimate.msPerTile * tiles;
}
