/** Starts a run over a folder like the competition's, with a scorer that needs no model. */
import { readdir } from 'node:fs/promises';
import { startRun, type RunDependencies } from '../../lib/runs/directory-run.js';
import type { RunSource } from '../../lib/runs/prepare.js';
import type { DirectoryRun } from '../../lib/runs/types.js';
import { fakeScorer, scoreOfName, type Area, type FakeScorer, type FakeScorerSettings } from './support.js';

export const quickLock = { heartbeatMs: 1000, watchMs: 200, settleMs: 5 };

export interface Started {
  readonly run: DirectoryRun;
  readonly scorer: FakeScorer;
}

export function start(
  area: Area,
  options: Record<string, unknown> = {},
  settings: FakeScorerSettings = {},
  more: Partial<RunDependencies> = {},
  source: RunSource = { kind: 'folder', dir: area.slides },
): Started {
  const scorer = fakeScorer(settings);
  const given = { model: 'fake', output: area.output, ...options };
  const run = startRun(source, given, { createScorer: async () => scorer, lockTimes: quickLock, ...more });
  return { run, scorer };
}

/** The file names of the slides that were given to the scorer, in order. */
export function scoredNames({ scorer }: Started): string[] {
  return scorer.calls.map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
}

export function csvOf(names: readonly string[], value: (name: string) => number = scoreOfName): string {
  return `filename,relapse\n${names.map((name) => `${name},${value(name).toFixed(9)}\n`).join('')}`;
}

export async function besides(area: Area): Promise<string[]> {
  return (await readdir(area.folder)).filter((name) => name !== 'data').sort();
}
