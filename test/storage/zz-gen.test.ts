import { it } from 'vitest';
import { writeBlockSlide } from '../../bench/workloads/block-slide.js';
import { writeSlide } from '../support/slides.js';
it('gen', async () => {
await writeBlockSlide('/tmp/r15/quick.tif', { columns: 160, rows: 120, block:{ x: 40, y: 30, width: 28, height: 21 }, distinctTiles: 196, copies: 3, seed: 20 });
await writeSlide('/tmp/r15/mid.tif', { width: 12000, height: 9000, seed: 34, tissueShare: 0.35 });
}, 200000);
