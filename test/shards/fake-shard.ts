/** A shard with a scorer that needs no addon; the model that the manifest names is the built-in one. */
import { loadModel } from '../../lib/index.js';
import { startRun, type RunDependencies } from '../../lib/runs/directory-run.js';
import { realFileSystem } from '../../lib/runs/file-system.js';
import type { DirectorySummary } from '../../lib/runs/types.js';
import { ShardPart } from '../../lib/shards/shard-part.js';
import { quickLock } from '../runs/start.js';
import { fakeScorer, type Area, type FakeScorerSettings } from '../runs/support.js';

export interface FakeShard {
  readonly area: Area;
  readonly parts: string;
  readonly index: number;
  readonly count: number;
  readonly options?: object;
  readonly scorer?: FakeScorerSettings;
  readonly dependencies?: Partial<RunDependencies>;
}

export async function fakeShard(of: FakeShard): Promise<DirectorySummary> {
  const { area, parts, index, count, options, scorer, dependencies } = of;
  const model = await loadModel('demo');
  const given = { model, format: area.format, slidesInFlight: 1, output: parts, shard: { index, count }, ...options };
  const part = ShardPart.of(given, dependencies?.fs ?? realFileSystem);
  return startRun({ kind: 'folder', dir: area.slides }, part.options, {
    createScorer: async () => ({ ...fakeScorer(scorer), model }),
    versions: async () => ({}),
    part,
    lockTimes: quickLock,
    ...dependencies,
  }).done;
}
