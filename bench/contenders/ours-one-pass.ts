/** microtome with a bundle of three encoders of tiles of one slide, which are run in one pass (workloads/scales.ts). */
import { createScorer, type Scorer, type SlideResult } from 'microtome';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve, type Contender, type Workload } from '../harness/protocol.js';
import { STORED_TILE_PX, scales, tilesOnSide, writeBundle, type Scale } from '../workloads/scales.js';

async function make({ slide, columns, size, threads, model: path, batch: batchSize }: Workload): Promise<Contender> {
  const side = (columns * size) / STORED_TILE_PX;
  const expected = scales.reduce((sum, scale) => sum + tilesOnSide(side, scale) ** 2, 0);

  async function scorerOf(chosen: readonly Scale[]): Promise<Scorer> {
    const model = await mkdtemp(join(tmpdir(), 'microtome-bench-'));
    try {
      await writeBundle(model, path, chosen);
      return await createScorer({ model, threads, batchSize, slideMpp: 1 });
    } finally {
      await rm(model, { recursive: true });
    }
  }

  /** The first column of the tiles of a scale, by their places. */
  function scoresOf({ tables }: SlideResult, { name }: Scale): number[] {
    const table = tables?.[name];
    const output = Object.values(table?.outputs ?? {})[0];
    if (table === undefined || output === undefined) throw new Error(`the result has no tiles of ${name}`);
    const order = [...table.x.keys()].sort(
      (a, b) => (table.y[a] as number) - (table.y[b] as number) || (table.x[a] as number) - (table.x[b] as number),
    );
    return order.map((i) => output.values[i * output.columns] as number);
  }

  const scorer = await scorerOf(scales);
  return {
    version: `microtome, ${threads} thread(s)`,
    /** Each encoder must give what it gives alone, bit by bit. The scores are those of the plain grid. */
    async verify() {
      const together = await scorer.score(slide, { tiles: true });
      for (const scale of scales) {
        const single = await scorerOf([scale]);
        const alone = scoresOf(await single.score(slide, { tiles: true }), scale);
        await single.close();
        if (scoresOf(together, scale).some((value, i) => !Object.is(value, alone[i])))
          throw new Error(`${scale.name}: other scores in one pass than alone`);
      }
      const scores = scoresOf(together, scales[0] as Scale);
      return { tiles: scores.length, scores, decodedTiles: together.decodedTiles };
    },
    async pass() {
      const { tileCount, warnings } = await scorer.score(slide);
      // A stored tile that is decoded again is a warning.
      if (warnings.length > 0 || tileCount !== expected) throw new Error(`${tileCount} tiles; ${warnings.join('; ')}`);
      return tileCount;
    },
    close: () => scorer.close(),
  };
}

void serve(make);
