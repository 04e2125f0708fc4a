// The packed binary decodes every compression by itself: libvips is taken away first.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codecs, tilePixels, toleranceOf, writeTileSlide } from './support/coded-tiles.js';
import { Consumer, tarball } from './support/consumer.js';
import { answerOf } from './support/process.js';

const regionScript = `
import { openSlide } from 'microtome';
const slide = await openSlide(process.argv[2]);
const { data, badTiles } = await slide.readRegion({ level: 0, x: 0, y: 0, width: 16, height: 16 });
await slide.close();
process.send({ data: [...data], badTiles });
`;

const doctorScript = `
import { doctor } from 'microtome';
process.send((await doctor()).libraries.codecs);
`;

describe('the packed binary', () => {
  let consumer: Consumer;
  let script: string;
  beforeAll(async () => {
    consumer = await Consumer.create();
    await consumer.install(tarball());
    await rm(consumer.path('node_modules/microtome-libvips-linux-x64'), { recursive: true });
    script = await consumer.write('region.js', regionScript);
  });
  afterAll(() => consumer.remove());

  it.each(codecs)('decodes a tile: %s', async (codec) => {
    const slide = consumer.path(`${codec}.tif`);
    writeTileSlide(slide, codec);
    const { data, badTiles } = answerOf(await consumer.node([script, slide])) as { data: number[]; badTiles: number };
    expect(badTiles).toBe(0);
    expect(data.length).toBe(tilePixels.length);
    const distance = data.map((value, i) => Math.abs(value - (tilePixels[i] as number)));
    expect(Math.max(...distance)).toBeLessThanOrEqual(toleranceOf(codec));
  });

  it('says that each is inside', async () => {
    const doctor = await consumer.write('doctor.js', doctorScript);
    const found = answerOf(await consumer.node([doctor])) as { name: string; library: string; builtIn: boolean }[];
    expect(found.map(({ name }) => name).sort()).toEqual([...codecs].sort());
    // libjpeg-turbo lies beside the addon.
    const elsewhere = found.filter(({ name, library, builtIn }) => library === '' || (!builtIn && name !== 'jpeg'));
    expect(elsewhere).toEqual([]);
  });
});
