/** Images of one HDF5 file behind HTTP: runs at the same time share a copy of it, and take it from no other run. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cellOf, ended, isicName, storedImages } from '../images/support.js';
import { failureOf, temporaryFolder } from '../runs/support.js';
import { RangeServer } from './range-server.js';

const names = Array.from({ length: 5 }, (_, i) => isicName(i * 3));
const table = `isic_id,target\n${names.map((name) => `${name},${cellOf(name)}\n`).join('')}`;
let server: RangeServer;

beforeAll(async () => {
  server = await RangeServer.start({ '/images.h5': readFileSync(await storedImages(names)) });
});
afterAll(() => server.stop());

const url = (): string => server.url('/images.h5');

it('a run that ends while another one reads takes nothing from it', async () => {
  const folder = await temporaryFolder();
  const storage = { workFolder: join(folder, 'work') };
  const [one, two] = ['one.csv', 'two.csv'].map((name) => join(folder, name)) as [string, string];
  let isFirst = true;
  const before = async (): Promise<void> => {
    if (!isFirst) return;
    isFirst = false;
    await ended(url(), { output: two, storage });
  };
  await ended(url(), { output: one, storage }, { before });
  for (const output of [one, two]) expect(readFileSync(output, 'utf8')).toBe(table);
  expect(readdirSync(storage.workFolder)).toEqual([]);
});

it('a run that fails leaves the copy for the next one, under one name', async () => {
  const folder = await temporaryFolder();
  const storage = { workFolder: join(folder, 'work') };
  const output = join(folder, 'table.csv');
  const before = (): never => {
    throw new Error('stopped');
  };
  await failureOf(ended(url(), { output, storage }, { before }));
  expect(readdirSync(storage.workFolder)).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.copy$/)]);
  server.reset();
  await ended(url(), { output, storage, resume: true });
  expect(readFileSync(output, 'utf8')).toBe(table);
  // It was looked at, and not fetched.
  expect(server.seen.map(({ range }) => range)).toEqual(['bytes=0-0']);
  expect(readdirSync(storage.workFolder)).toEqual([]);
});
