/** microtome whole: a warm scorer, one slide at a time. Scores are the model's first output, as they come. */
import { createScorer } from 'microtome';
import { normalisation } from '../harness/digest.js';
import { serve, type Contender, type Workload } from '../harness/protocol.js';

async function make(workload: Workload): Promise<Contender> {
  const { slide, level, size, stride, keep, threads, model, activation, batch: batchSize } = workload;
  const scorer = await createScorer({
    model,
    threads,
    batchSize,
    input: { size, level, ...normalisation },
    activation,
    column: 0,
    tile: { size, stride },
    ...(keep === 'all' ? { keep } : {}),
  });
  return {
    version: `microtome, ${threads} thread(s)`,
    async verify() {
      const { tiles } = await scorer.score(slide, { tiles: true });
      const output = Object.values(tiles?.outputs ?? {})[0];
      if (tiles === undefined || output === undefined) throw new Error('the result has no tiles');
      const { x, y } = tiles;
      const byPlace = Array.from({ length: tiles.count }, (_, i) => i).sort(
        (a, b) => (y[a] as number) - (y[b] as number) || (x[a] as number) - (x[b] as number),
      );
      const { columns, values } = output;
      return { tiles: tiles.count, scores: byPlace.map((i) => values[i * columns] as number) };
    },
    async pass() {
      return (await scorer.score(slide)).tileCount;
    },
    close: () => scorer.close(),
  };
}

void serve(make);
