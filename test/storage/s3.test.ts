/** Objects of a store by the SDK, against a server in this process that fails as stores fail. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { s3Source } from '../../lib/index.js';
import { parseAddress, type S3Address } from '../../lib/storage/address.js';
import { fetchFile } from '../../lib/storage/fetch-file.js';
import { RemoteSlide } from '../../lib/storage/remote-slide.js';
import type { S3StoreOptions } from '../../lib/storage/options.js';
import { parseS3Address, openS3 } from '../../lib/storage/s3/open-s3.js';
import { listFolder } from '../../lib/storage/s3/list.js';
import { objectBytes, putObject } from '../../lib/storage/s3/put.js';
import { S3Store } from '../../lib/storage/s3/store.js';
import { type Fault, first, RangeServer, status } from './range-server.js';
import { allOf, failureOf, numbered, stillClock } from './support.js';

const whole = numbered(1024 * 1024);
const keys = { accessKeyId: 'planted-id', secretAccessKey: 'planted-key', sessionToken: 'planted-token' };
const far = { offset: 600_000, length: 200_000 };
let server: RangeServer;

beforeAll(async () => {
  server = await RangeServer.start({ '/bucket/a/slide.tif': whole });
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const store = (more: S3StoreOptions = {}): S3Store =>
  new S3Store({ endpoint: server.origin, region: 'us-east-1', credentials: keys, ...more });
const open = (from: S3Store, clock = stillClock()) =>
  openS3(parseS3Address('s3://bucket/a/slide.tif'), from, { clock, retries: 2 });
const folder = parseAddress('s3://bucket/a/') as S3Address;

const error = (code: number, name: string): Fault =>
  status(
    code,
    { 'content-type': 'application/xml' },
    `<?xml version="1.0"?><Error><Code>${name}</Code><Message>planted-message ${keys.secretAccessKey}</Message></Error>`,
  );

describe('reading', () => {
  it('is signed, in ranges, of one version', async () => {
    const source = await open(store());
    expect(source).toMatchObject({ size: whole.length, name: 's3://bucket/a/slide.tif' });
    const [part] = await source.read([far]);
    expect(Buffer.from(part as Uint8Array).equals(whole.subarray(far.offset, far.offset + far.length))).toBe(true);
    expect(server.seen.map(({ path }) => path)).toEqual(['/bucket/a/slide.tif', '/bucket/a/slide.tif']);
    expect(server.seen[1]?.ifMatch).toBe(RangeServer.etagOf(whole));
    for (const { headers } of server.seen) expect(headers.authorization).toContain('AWS4-HMAC-SHA256');
  });

  it('is not signed where that is asked for', async () => {
    await open(store({ anonymous: true }));
    expect(server.seen[0]?.headers.authorization).toBeUndefined();
  });

  it.each<[string, Fault]>([
    ['503', error(503, 'SlowDown')],
    ['500', error(500, 'InternalError')],
    ['a dropped connection', (_, response) => Boolean(response.socket?.destroy())],
  ])('%s: sent again', async (_, fault) => {
    const clock = stillClock();
    server.faults.push(first(2, fault));
    expect((await open(store(), clock)).size).toBe(whole.length);
    expect(clock.sleeps).toHaveLength(2);
    expect(server.seen).toHaveLength(3);
  });

  it('Retry-After of a store is waited for', async () => {
    const clock = stillClock();
    server.faults.push(first(1, status(503, { 'retry-after': '9' })));
    await open(store(), clock);
    expect(clock.sleeps).toEqual([9000]);
  });

  it('a replaced object is an error by name', async () => {
    const source = await open(store());
    server.objects.set('/bucket/a/slide.tif', numbered(1024 * 1024, 5));
    const failure = await failureOf(source.read([far]));
    server.objects.set('/bucket/a/slide.tif', whole);
    expect(failure).toMatchObject({ code: 'FILE_UNREADABLE', path: 's3://bucket/a/slide.tif' });
  });

  it('an expired credential is replaced once; one that stays expired is an error without a secret', async () => {
    let asked = 0;
    const credentials = async () => {
      asked += 1;
      return keys;
    };
    server.faults.push(first(1, error(400, 'ExpiredToken')));
    await open(store({ credentials }));
    expect(asked).toBe(2);
    server.reset();
    server.faults.push(error(403, 'ExpiredToken'));
    const failure = await failureOf(open(store({ credentials })));
    expect(failure).toMatchObject({ code: 'NETWORK', path: 's3://bucket/a/slide.tif' });
    expect(failure.message).toContain('the server answered 403 (ExpiredToken)');
    expect(failure.advice).toContain('credentials');
    expect(allOf(failure)).not.toContain('planted');
    expect(server.seen).toHaveLength(2);
  });

  it('objects that are refused cost one new client in a while, and none where the keys are fixed', async () => {
    let asked = 0;
    const credentials = async () => {
      asked += 1;
      return keys;
    };
    server.faults.push(error(403, 'AccessDenied'));
    const [asking, fixed] = [store({ credentials }), store()];
    for (let i = 0; i < 5; ++i) await failureOf(open(asking));
    expect([asked, asking.credentials, server.seen.length]).toEqual([2, 1, 6]);
    for (let i = 0; i < 5; ++i) await failureOf(open(fixed));
    expect([fixed.credentials, server.seen.length]).toEqual([0, 11]);
  });

  it('credentials that are never given end the try, and leave their place to others', async () => {
    const credentials = (): Promise<typeof keys> => new Promise(() => undefined);
    const waiting = new S3Store({ endpoint: server.origin, region: 'us-east-1', credentials }, 1);
    const rules = { recursive: false, maxEntries: 10, retries: 0, clock: stillClock() };
    for (const work of [
      () => openS3(parseS3Address('s3://bucket/a/slide.tif'), waiting, { ...rules, stallMs: 20 }),
      () => listFolder(folder, waiting, { ...rules, stallMs: 20 }),
      () =>
        putObject(parseS3Address('s3://bucket/x'), waiting, Buffer.from('x'), {
          ...rules,
          overwrite: true,
          stallMs: 20,
        }),
      () => objectBytes(parseS3Address('s3://bucket/x'), waiting, 10, { ...rules, stallMs: 20 }),
    ]) {
      const failure = await failureOf(work());
      expect(failure).toMatchObject({ code: 'NETWORK' });
      expect(failure.message).toContain('nothing came in');
    }
    const stop = new AbortController();
    const given = listFolder(folder, waiting, { ...rules, signal: stop.signal });
    stop.abort(new Error('gave up'));
    await expect(given).rejects.toThrow('gave up');
  });

  it.each<[Fault, string, string]>([
    [error(404, 'NoSuchKey'), 'FILE_NOT_FOUND', '404 (NoSuchKey)'],
    [error(404, 'NoSuchBucket'), 'FILE_NOT_FOUND', '404 (NoSuchBucket)'],
    [error(403, 'AccessDenied'), 'NETWORK', '403 (AccessDenied)'],
    [error(301, 'PermanentRedirect'), 'NETWORK', 'another region'],
    [error(400, 'bad <name> planted'), 'NETWORK', '400'],
    [status(200, { 'content-length': '5000000' }), 'NETWORK', ''],
  ])('%# is refused by name', async (fault, code, said) => {
    server.faults.push(fault);
    const failure = await failureOf(open(store()));
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(said);
    expect(allOf(failure)).not.toContain('planted');
  });

  it('addresses that are none', async () => {
    for (const address of [
      's3://',
      's3://b/x',
      's3://bucket',
      's3://bucket/folder/',
      'https://host/x',
      's3://bucket/a\nb',
    ])
      expect((await failureOf(s3Source(address))).code, address).toBe('INVALID_OPTION');
    expect(server.seen).toHaveLength(0);
  });
});

describe('two stores with a bucket of the same name', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'microtome-s3-stores-'));
  const one: Fault = (request, response, at) => {
    at.answer({ ...request, ifMatch: null }, response, { etag: '"same"' });
    return true;
  };
  let other: RangeServer;
  beforeAll(async () => {
    other = await RangeServer.start({ '/bucket/a/slide.tif': numbered(whole.length, 9) });
    [process.env['AWS_ACCESS_KEY_ID'], process.env['AWS_SECRET_ACCESS_KEY']] = ['id', 'key'];
  });
  afterAll(async () => {
    rmSync(scratch, { recursive: true, force: true });
    await other.stop();
  });
  beforeEach(() => {
    other.reset();
    for (const each of [server, other]) each.faults.push(one);
  });

  it.each(['options', 'environment'])('share no blocks of the cache, told apart by the %s', async (by) => {
    const cache = { folder: join(scratch, by) };
    const parts: Uint8Array[] = [];
    for (const { origin } of [server, other]) {
      const given = { region: 'us-east-1', credentials: keys };
      if (by === 'environment') process.env['AWS_ENDPOINT_URL_S3'] = origin;
      const from = new S3Store(by === 'options' ? { ...given, endpoint: origin } : { ...given, pathStyle: true });
      const source = await openS3(parseS3Address('s3://bucket/a/slide.tif'), from, { cache });
      parts.push(...(await source.read([far])));
      delete process.env['AWS_ENDPOINT_URL_S3'];
    }
    const expected = [whole, numbered(whole.length, 9)];
    for (const [i, part] of parts.entries())
      expect(expected[i]?.subarray(far.offset, far.offset + far.length).equals(part)).toBe(true);
  });

  it('share no fetched files', async () => {
    const places = new Set<string>();
    for (const { origin: endpoint } of [server, other]) {
      const settings = { endpoint, region: 'us-east-1', workFolder: scratch };
      const { path } = await fetchFile(RemoteSlide.of('s3://bucket/a/slide.tif'), settings, scratch, null);
      places.add(path);
    }
    expect(places.size).toBe(2);
  });
});

describe('a listing', () => {
  const xml =
    (parts: string, truncated = false): Fault =>
    (_, response) => {
      const next = truncated ? `<NextContinuationToken>t${++tokens}</NextContinuationToken>` : '';
      const whole = `<?xml version="1.0"?><ListBucketResult><IsTruncated>${truncated}</IsTruncated>${next}${parts}</ListBucketResult>`;
      response.writeHead(200, { 'content-type': 'application/xml' }).end(whole);
      return true;
    };
  let tokens = 0;
  const key = (name: string, size: string | number = 1): string =>
    `<Contents><Key>${name}</Key><Size>${size}</Size><ETag>"e"</ETag><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>`;
  const list = (maxEntries = 1000) =>
    listFolder(folder, store(), { recursive: false, maxEntries, retries: 1, clock: stillClock() });

  it('of several pages, with folders', async () => {
    server.faults.push(
      first(1, xml(key('a/1.tif', 7) + key('a/'), true)),
      xml(`${key('a/2.tif')}<CommonPrefixes><Prefix>a/in/</Prefix></CommonPrefixes>`),
    );
    const found = await list();
    expect(found.objects.map(({ name, key: at, size }) => [name, at, size])).toEqual([
      ['1.tif', 'a/1.tif', 7],
      ['2.tif', 'a/2.tif', 1],
    ]);
    expect(found.folders).toEqual(['in/']);
  });

  it.each<[string, Fault, string]>([
    ['a key that is not in the folder', xml(key('../etc/passwd')), 'NETWORK'],
    ['a key twice', xml(key('a/1.tif') + key('a/1.tif')), 'NETWORK'],
    ['a size that is none', xml(key('a/1.tif', '-5')), 'NETWORK'],
    ['pages without end that bring nothing', (...args) => xml('', true)(...args), 'NETWORK'],
    ['pages without end that bring more', (...args) => xml(key(`a/${tokens}.tif`), true)(...args), 'LIMIT_EXCEEDED'],
    ['the same page for ever', xml('<NextContinuationToken>same</NextContinuationToken>', false), ''],
    ['a page that is no XML', status(200, {}, 'planted'), ''],
  ])('%s ends', async (_, fault, code) => {
    server.faults.push(fault);
    if (code === '') await list().catch(() => undefined);
    else expect((await failureOf(list(50))).code).toBe(code);
    expect(server.seen.length).toBeLessThan(120);
  });

  it('a page that does not come ends', async () => {
    const rules = { recursive: false, maxEntries: 10, retries: 0, clock: stillClock() };
    server.faults.push(() => true);
    const stalled = await failureOf(listFolder(folder, store(), { ...rules, stallMs: 20 }));
    expect(stalled.message).toContain('nothing came in 20 ms');
  });

  it('an answer without end is cut off, and is asked for once: a page, and the text of an error', async () => {
    for (const code of [200, 403, 404, 503]) {
      server.reset();
      const open = new Set<unknown>();
      server.faults.push((_, response) => {
        open.add(response);
        response.on('close', () => open.delete(response));
        response.writeHead(code, { 'content-type': 'application/xml' });
        const more = (): void => {
          if (open.has(response)) response.write('<Contents>'.repeat(10_000), more);
        };
        more();
        return true;
      });
      const failure = await failureOf(list());
      // Of an error the status is known all the same.
      expect(failure.code).toBe(code === 404 ? 'FILE_NOT_FOUND' : 'NETWORK');
      if (code === 200) expect(failure.message).toContain('AnswerTooLong');
      expect(server.seen).toHaveLength(1);
      await expect.poll(() => open.size).toBe(0);
    }
  });

  it('a page that fails is asked for again', async () => {
    server.faults.push(first(1, error(503, 'SlowDown')), xml(key('a/1.tif')));
    expect((await list()).objects).toHaveLength(1);
  });
});

describe('putting', () => {
  const target = parseS3Address('s3://bucket/out.csv');
  const body = Buffer.from('filename,score\na.tif,0.5\n');
  const rules = { overwrite: false, retries: 2, clock: stillClock() };
  /** A store of one object. */
  const keeps =
    (there: { body: Buffer | null; puts: number }): Fault =>
    (request, response) => {
      if (request.method === 'PUT') {
        there.puts += 1;
        if (there.body !== null && request.headers['if-none-match'] === '*')
          return error(412, 'PreconditionFailed')(request, response, server);
        there.body = body;
        response.writeHead(200, { etag: '"x"' }).end();
        return true;
      }
      if (there.body === null) return status(404)(request, response, server);
      response.writeHead(request.method === 'HEAD' ? 200 : 206, { 'content-length': there.body.length, etag: '"x"' });
      response.end(request.method === 'HEAD' ? undefined : there.body);
      return true;
    };

  it('is one request, with a condition and a checksum', async () => {
    const there = { body: null, puts: 0 };
    server.faults.push(keeps(there));
    await putObject(target, store(), body, rules);
    expect(there).toEqual({ body, puts: 1 });
    expect(server.seen[0]?.headers).toMatchObject({ 'if-none-match': '*', 'content-type': 'application/octet-stream' });
    expect(server.seen[0]?.headers['content-md5']).toHaveLength(24);
  });

  it('whose answer was lost is found to be there, and is no error', async () => {
    const there = { body: null as Buffer | null, puts: 0 };
    server.faults.push(
      first(1, (_, response) => {
        there.body = body;
        return Boolean(response.socket?.destroy());
      }),
      keeps(there),
    );
    await putObject(target, store(), body, rules);
    expect(there.puts).toBe(1);
  });

  it('onto another object is OUTPUT_EXISTS; with overwrite it is replaced', async () => {
    const there = { body: Buffer.from('another'), puts: 0 };
    server.faults.push(keeps(there));
    const failure = await failureOf(putObject(target, store(), body, rules));
    expect(failure).toMatchObject({ code: 'OUTPUT_EXISTS', path: 's3://bucket/out.csv' });
    expect(there.body.toString()).toBe('another');
    await putObject(target, store(), body, { ...rules, overwrite: true });
    expect(there.body).toEqual(body);
    expect(await objectBytes(target, store(), 1000, rules)).toEqual(new Uint8Array(body));
  });

  it.each([false, true])('409 is put again, overwrite %s', async (overwrite) => {
    const there = { body: null, puts: 0 };
    server.faults.push(first(2, error(409, 'ConditionalRequestConflict')), keeps(there));
    await putObject(target, store(), body, { ...rules, overwrite });
    expect(there).toEqual({ body, puts: 1 });
    server.reset();
    server.faults.push(error(409, 'OperationAborted'));
    const failure = await failureOf(putObject(target, store(), body, { ...rules, overwrite }));
    expect(failure).toMatchObject({ code: 'NETWORK' });
  });

  it('412 to a put without a condition is not that the object is there', async () => {
    server.faults.push(error(412, 'PreconditionFailed'));
    const failure = await failureOf(putObject(target, store(), body, { ...rules, overwrite: true }));
    expect(failure).toMatchObject({ code: 'NETWORK' });
  });

  it('what is read back is of one version', async () => {
    const there = { body, puts: 0 };
    server.faults.push((request, ...rest) => {
      if (request.method === 'GET') expect(request.ifMatch).toBe('"x"');
      return keeps(there)(request, ...rest);
    });
    expect(await objectBytes(target, store(), 1000, rules)).toEqual(new Uint8Array(body));
    server.faults.unshift(
      (request, ...rest) => request.method === 'GET' && error(412, 'PreconditionFailed')(request, ...rest),
    );
    expect((await failureOf(objectBytes(target, store(), 1000, rules))).code).toBe('FILE_UNREADABLE');
  });

  it('that is refused names no secret', async () => {
    server.faults.push(error(403, 'AccessDenied'));
    const failure = await failureOf(putObject(target, store(), body, rules));
    expect(failure).toMatchObject({ code: 'NETWORK', path: 's3://bucket/out.csv' });
    expect(allOf(failure)).not.toContain('planted');
  });
});
