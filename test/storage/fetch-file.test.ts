/** Whole objects as files: of one version, shared by runs at the same time, and nothing left of what failed. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { fetchFile } from '../../lib/storage/fetch-file.js';
import { RemoteSlide } from '../../lib/storage/remote-slide.js';
import { type Fault, RangeServer, status } from './range-server.js';
import { failureOf, numbered } from './support.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-fetch-'));
const whole = numbered(30 * 1024 * 1024);
let server: RangeServer;
let folder: string;

beforeAll(async () => {
  server = await RangeServer.start({ '/images.h5': whole });
});
afterAll(async () => {
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
});
beforeEach(() => {
  server.reset();
  server.objects.set('/images.h5', whole);
  folder = join(mkdtempSync(join(scratch, 'run-')), 'work');
});

const fetch = () => fetchFile(RemoteSlide.of(server.url('/images.h5')), { retries: 0 }, folder, null);

it('the copy is the object; a run that failed leaves it for the next one, a run that is done does not', async () => {
  const one = await fetch();
  expect(readFileSync(one.path).equals(whole)).toBe(true);
  await one.release(false);
  expect(readdirSync(folder)).toHaveLength(1);
  server.reset();
  const two = await fetch();
  expect(server.seen).toHaveLength(1);
  await two.release(true);
  expect(readdirSync(folder)).toEqual([]);
});

it('a run that is done takes the copy from no other run', async () => {
  const [one, two] = [await fetch(), await fetch()];
  await one.release(true);
  expect(readFileSync(two.path).equals(whole)).toBe(true);
  await two.release(false);
  expect(readdirSync(folder)).toHaveLength(1);
});

it('a version that came between the look and the opening is not taken for the one before', async () => {
  const day =
    (date: number): Fault =>
    (request, response, at) => {
      const bytes = at.objects.get('/images.h5') as Buffer;
      const { first, last } = at.rangeOf(request);
      const end = Math.min(last, bytes.length - 1);
      response.writeHead(206, {
        'last-modified': new Date(Date.UTC(2026, 0, date)).toUTCString(),
        'content-range': `bytes ${first}-${end}/${bytes.length}`,
      });
      at.send(response, bytes.subarray(first, end + 1));
      return true;
    };
  server.faults.push((request, ...rest) => day(server.seen.length === 1 ? 1 : 2)(request, ...rest));
  const failure = await failureOf(fetch());
  expect(failure).toMatchObject({ code: 'FILE_UNREADABLE', path: server.url('/images.h5') });
  expect(existsSync(folder)).toBe(false);
});

it('a range that fails for good ends the others, and leaves nothing', async () => {
  // The second request of a range is refused; the others wait until they are given up.
  let open = 0;
  server.faults.push((request, ...rest) => {
    const { first, last } = server.rangeOf(request);
    if (last - first < 1024 * 1024) return false;
    open += 1;
    return open === 2 ? status(404)(request, ...rest) : open < 5;
  });
  expect((await failureOf(fetch())).code).toBe('FILE_NOT_FOUND');
  expect(open).toBeLessThanOrEqual(4);
  expect(readdirSync(folder)).toEqual([]);
});

it('unfinished copies of killed processes go; others stay', async () => {
  mkdirSync(folder);
  const id = '01234567-89ab-cdef-0123-456789abcdef';
  const [old, young] = ['0', '1'].map((digit) => `${digit.repeat(32)}.copy.${id}.tmp`) as [string, string];
  for (const name of [old, young, 'mine.copy.tmp']) writeFileSync(join(folder, name), 'x');
  for (const name of [old, 'mine.copy.tmp']) utimesSync(join(folder, name), 1, 1);
  const { release } = await fetch();
  await release(true);
  expect(readdirSync(folder).sort()).toEqual([young, 'mine.copy.tmp']);
});
