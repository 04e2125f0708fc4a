/** Runs contenders in turn, A B C A B C …, so that a change of the machine's speed meets all of them alike. */
import type { Pass } from './protocol.js';

export interface Runner {
  readonly name: string;
  run(): Promise<Pass>;
}

export interface Timing {
  readonly cpuMsPerTile: readonly number[];
  readonly tilesPerSecond: readonly number[];
  readonly wallMs: readonly number[];
  /** Of one pass. */
  readonly tiles: number;
}

function timingOf(passes: readonly Pass[]): Timing {
  return {
    cpuMsPerTile: passes.map((p) => p.cpuMs / p.tiles),
    tilesPerSecond: passes.map((p) => (1000 * p.tiles) / p.wallMs),
    wallMs: passes.map((p) => p.wallMs),
    tiles: passes[0]?.tiles ?? 0,
  };
}

/** `rounds` passes of each after one that is not counted. The first contender's tile count must be everybody's. */
export async function interleave(runners: readonly Runner[], rounds: number): Promise<Map<string, Timing>> {
  const passes = new Map<string, Pass[]>(runners.map((runner) => [runner.name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const runner of runners) {
      const pass = await runner.run();
      if (round > 0) passes.get(runner.name)?.push(pass);
    }
  }
  return new Map([...passes].map(([name, all]) => [name, timingOf(all)]));
}
