/** The tissue of a slide over HTTP, 20 ms away, against the file on the disk: how fast, and how many bytes. */
import { atLeast, atMost, measured } from '../harness/figure.js';
import { probe } from '../harness/probe.js';
import { median, pairedRatio } from '../harness/statistics.js';
import { modelFile } from '../models/files.js';
import type { RemoteReport } from '../probes/remote.js';
import { blockSlide } from '../workloads/slides.js';
import { rowOf } from './row.js';

const title = 'the tissue of a slide over HTTP at 20 ms';
const speed = atLeast('remote', `${title}, speed against the local file`, 0.8);
const bytes = atMost('remote', `${title}, bytes read against the bytes of its stored tiles`, 1.1);

/**
 * 100 MB of tissue, as a slide of ordinary size has. Every stored tile of it has bytes of its own, so that each is read once, and
 * each level has a quarter of the bytes of the one below it.
 */
const block = { x: 24, y: 18, width: 112, height: 84 };
const quickBlock = { x: 40, y: 30, width: 28, height: 21 };

export const remote = rowOf(
  [speed, bytes],
  async (bench) => {
    const rect = bench.quick ? quickBlock : block;
    const slide = await blockSlide('remote', {
      columns: 160,
      rows: 120,
      block: rect,
      distinctTiles: 196,
      copies: (rect.width * rect.height) / 196,
      seed: 20,
    });
    const args = [slide, await modelFile('cnn'), `${bench.rounds(9)}`, '20'];
    const { localMs, remoteMs, tiles, tileBytes, readBytes, requests } = await probe<RemoteReport>('remote', args);
    const note =
      `${median(localMs).toFixed(0)} against ${median(remoteMs).toFixed(0)} ms for ${tiles} tiles, CNN of 30 MMAC, two threads; ` +
      `${requests} requests, ${(readBytes / 1e6).toFixed(1)} MB for ${(tileBytes / 1e6).toFixed(1)} MB of tiles`;
    return [
      measured(speed, pairedRatio(localMs, remoteMs), note, { localMs, remoteMs }),
      measured(bytes, readBytes / tileBytes, note),
    ];
  },
  title,
);
