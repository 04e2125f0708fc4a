/** Reading one object over HTTP: ranges, versions, and a stated outcome for every way in which a server fails. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { httpSource, MicrotomeError } from '../../lib/index.js';
import { lenderOf } from '../../lib/storage/remote-source.js';
import { type Fault, first, RangeServer, status } from './range-server.js';
import { allOf, failureOf, numbered, open, stillClock } from './support.js';

const kibibyte = 1024;
const whole = numbered(3 * 1024 * kibibyte);
let server: RangeServer;

beforeAll(async () => {
  server = await RangeServer.start({ '/slide.tif': whole, '/small': numbered(1000, 7), '/empty': Buffer.alloc(0) });
});
afterAll(() => server.stop());
beforeEach(() => {
  server.reset();
  server.objects.set('/slide.tif', whole);
});

const url = (): string => server.url('/slide.tif');
const far = { offset: 1024 * kibibyte, length: 200 * kibibyte };
const bytesOf = ({ offset, length }: { offset: number; length: number }) => whole.subarray(offset, offset + length);

describe('reading', () => {
  it('the first request has the header; what it holds is not asked for again', async () => {
    const source = await httpSource(url());
    expect(source.size).toBe(whole.length);
    expect(source.name).toBe(url());
    expect(source.validator).toEqual({ kind: 'etag', value: RangeServer.etagOf(whole) });
    const ranges = [
      { offset: 0, length: 16 },
      { offset: 60 * kibibyte, length: 4096 },
      { offset: 7, length: 0 },
    ];
    expect(await source.read(ranges)).toEqual(ranges.map((range) => new Uint8Array(bytesOf(range))));
    expect(server.seen.map(({ range }) => range)).toEqual(['bytes=0-65535']);
  });

  it('of a range that is held in part the rest is asked for', async () => {
    const source = await httpSource(url());
    // At the end of the object a short range is taken for a table, and kept.
    const end = { offset: whole.length - 8 * kibibyte, length: 8 * kibibyte };
    await source.read([end]);
    const ranges = [
      { offset: 60 * kibibyte, length: 200 * kibibyte },
      { offset: whole.length - 200 * kibibyte, length: 200 * kibibyte },
    ];
    const parts = await source.read(ranges);
    expect(parts.every((part, i) => Buffer.from(part).equals(bytesOf(ranges[i] as typeof far)))).toBe(true);
    const [, table, first, last] = server.seen.map(({ range }) => range);
    const tableAt = Number(/^bytes=(\d+)-/.exec(table ?? '')?.[1]);
    expect(tableAt).toBeLessThanOrEqual(end.offset);
    expect(first).toBe(`bytes=${64 * kibibyte}-${260 * kibibyte - 1}`);
    expect(last).toBe(`bytes=${whole.length - 200 * kibibyte}-${tableAt - 1}`);
    expect(server.seen).toHaveLength(4);
  });

  it('merges neighbours, and what lies a little apart', async () => {
    const source = await httpSource(url());
    const base = far.offset;
    const ranges = [0, 100, 201, 600, 302].map((at) => ({ offset: base + at * kibibyte, length: 100 * kibibyte }));
    const parts = await source.read(ranges);
    expect(parts.every((part, i) => Buffer.from(part).equals(bytesOf(ranges[i] as typeof far)))).toBe(true);
    expect(server.seen.slice(1).map(({ range }) => range)).toEqual([
      `bytes=${base}-${base + 402 * kibibyte - 1}`,
      `bytes=${base + 600 * kibibyte}-${base + 700 * kibibyte - 1}`,
    ]);
  });

  it('what is lent has the bytes that were read, is used again when it was given back, and never what was kept', async () => {
    const source = await httpSource(url());
    const lend = lenderOf(source);
    if (lend === undefined) throw new Error('the source lends nothing');
    const { signal } = new AbortController();
    // The table stays in memory of its own, and so does what a caller reads.
    const table = { offset: whole.length - 8 * kibibyte, length: 8 * kibibyte };
    const kept = await lend([table], signal);
    const [own] = await source.read([far]);
    const memory = new Set<ArrayBufferLike>();
    for (let i = 0; i < 8; ++i) {
      const range = { offset: (100 + 210 * i) * kibibyte, length: 200 * kibibyte };
      const { parts, giveBack } = await lend([range, { ...range, length: 0 }], signal);
      expect(Buffer.from(parts[0] as Uint8Array).equals(bytesOf(range))).toBe(true);
      memory.add((parts[0] as Uint8Array).buffer);
      giveBack();
      giveBack();
    }
    kept.giveBack();
    expect(memory.size).toBe(1);
    expect(Buffer.from(kept.parts[0] as Uint8Array).equals(bytesOf(table))).toBe(true);
    expect(Buffer.from(own as Uint8Array).equals(bytesOf(far))).toBe(true);
  });

  it('a try that failed leaves its memory to nobody', async () => {
    const source = await open(url());
    const lend = lenderOf(source) as NonNullable<ReturnType<typeof lenderOf>>;
    const { signal } = new AbortController();
    const before = await lend([far], signal);
    before.giveBack();
    server.faults.push(
      first(1, (request, response, at) => {
        const { first: from } = at.rangeOf(request);
        response.writeHead(206, {
          etag: RangeServer.etagOf(whole),
          'content-range': `bytes ${from}-${from + far.length - 1}/${whole.length}`,
          'content-length': String(far.length),
        });
        response.write(Buffer.alloc(1000, 7), () => response.destroy());
        return true;
      }),
    );
    const { parts } = await lend([far], signal);
    expect(Buffer.from(parts[0] as Uint8Array).equals(bytesOf(far))).toBe(true);
    expect((parts[0] as Uint8Array).buffer).not.toBe((before.parts[0] as Uint8Array).buffer);
  });

  it('asks for the version that was opened', async () => {
    const source = await httpSource(url());
    await source.read([far]);
    expect(server.seen[0]?.ifMatch).toBeNull();
    expect(server.seen[1]?.ifMatch).toBe(RangeServer.etagOf(whole));
    expect(server.seen[1]?.headers['accept-encoding']).toBe('identity');
  });

  it('has no more requests under way than it was told', async () => {
    const source = await httpSource(url(), { requests: 2 });
    const far = Array.from({ length: 12 }, (_, i) => ({ offset: (300 + i * 220) * kibibyte, length: 70 * kibibyte }));
    await Promise.all(far.map((range) => source.read([range])));
    expect(server.seen.length).toBe(13);
    expect(server.mostAtOnce).toBeLessThanOrEqual(2);
  });

  it('an object smaller than the header is read with one request, also from a server that knows no ranges', async () => {
    server.faults.push((request, response, at) => {
      const bytes = at.objects.get(request.path) as Buffer;
      response.writeHead(200, { etag: '"v"', 'content-length': String(bytes.length) });
      at.send(response, bytes);
      return true;
    });
    const source = await httpSource(server.url('/small'));
    expect(source.size).toBe(1000);
    expect(Buffer.from((await source.read([{ offset: 990, length: 10 }]))[0] as Uint8Array)).toEqual(
      numbered(1000, 7).subarray(990),
    );
    expect(server.seen).toHaveLength(1);
  });

  it('ranges outside the object are refused here', async () => {
    const source = await httpSource(url());
    for (const range of [
      { offset: whole.length - 1, length: 2 },
      { offset: -1, length: 1 },
    ])
      expect((await failureOf(source.read([range]))).code).toBe('TRUNCATED');
    expect(server.seen).toHaveLength(1);
  });

  it('an abort ends a read with its reason', async () => {
    const source = await httpSource(url());
    const stop = new AbortController();
    server.faults.push(() => {
      stop.abort(new Error('enough'));
      return true;
    });
    await expect(source.read([far], stop.signal)).rejects.toThrow('enough');
  });
});

describe('faults that pass', () => {
  const drop: Fault = (_, response) => {
    response.socket?.destroy();
    return true;
  };
  const dropInBody: Fault = (_request, response) => {
    response.writeHead(206, {
      etag: RangeServer.etagOf(whole),
      'content-range': `bytes ${far.offset}-${far.offset + far.length - 1}/${whole.length}`,
      'content-length': String(far.length),
    });
    response.write(bytesOf({ ...far, length: 5000 }), () => response.socket?.destroy());
    return true;
  };
  const shortBody: Fault = (request, response, at) => {
    response.writeHead(206, {
      etag: RangeServer.etagOf(whole),
      'content-range': `bytes ${at.rangeOf(request).first}-${at.rangeOf(request).last}/${whole.length}`,
      'transfer-encoding': 'chunked',
    });
    response.end(bytesOf({ ...far, length: 5000 }));
    return true;
  };
  it.each<[string, Fault]>([
    ['a dropped connection', drop],
    ['a connection that drops in the body', dropInBody],
    ['a body that ends early', shortBody],
    ['503', status(503)],
    ['500', status(500)],
    ['429', status(429)],
    ['408', status(408)],
  ])('%s: sent again, and the bytes are right', async (_, fault) => {
    const clock = stillClock();
    const source = await open(url(), {}, clock);
    server.faults.push(first(2, fault));
    const [part] = await source.read([far]);
    expect(Buffer.from(part as Uint8Array).equals(bytesOf(far))).toBe(true);
    expect(server.seen).toHaveLength(4);
    expect(clock.sleeps).toEqual([150, 300]);
  });

  it('while it opens, too', async () => {
    server.faults.push(first(1, drop));
    expect((await open(url())).size).toBe(whole.length);
  });

  it('pauses grow, and have a limit; the last failure is told with how often it was tried', async () => {
    const clock = stillClock();
    server.faults.push(status(503));
    const error = await failureOf(open(url(), { retries: 9 }, clock));
    expect(clock.sleeps).toEqual([150, 300, 600, 1200, 2400, 4800, 9600, 15000, 15000]);
    expect(error).toMatchObject({ code: 'NETWORK', path: url() });
    expect(error.message).toContain(`${url()}: the server answered 503, 10 times`);
    expect(server.seen).toHaveLength(10);
  });

  it('the pauses of one seed are the same each time, and of another seed others', async () => {
    const { realRetryClock } = await import('../../lib/storage/retry.js');
    const drawn = (seed: number): number[] => Array.from({ length: 5 }, realRetryClock(seed).random);
    expect(drawn(4)).toEqual(drawn(4));
    expect(drawn(4)).not.toEqual(drawn(5));
  });

  it('Retry-After is waited for, in seconds or as a date; a server that asks for too long is not waited for', async () => {
    const clock = stillClock();
    const source = await open(url(), {}, clock);
    server.faults.push(first(1, status(429, { 'retry-after': '7' })));
    await source.read([far]);
    server.faults.push(first(1, status(503, { 'retry-after': new Date(clock.nowMs() + 9000).toUTCString() })));
    await source.read([far]);
    expect(clock.sleeps).toEqual([7000, 9000]);
    server.faults.push(first(1, status(503, { 'retry-after': '86400' })));
    expect((await failureOf(source.read([far]))).message).toContain('the server answered 503;');
    expect(clock.sleeps).toHaveLength(2);
  });

  it('a body that trickles is cut off, and asked for again', async () => {
    const source = await open(url(), { stallMs: 200 });
    let cut = 0;
    server.faults.push(
      first(1, (request, response, at) => {
        response.writeHead(206, {
          etag: RangeServer.etagOf(whole),
          'content-range': `bytes ${at.rangeOf(request).first}-${at.rangeOf(request).last}/${whole.length}`,
          'content-length': String(far.length),
        });
        const timer = setInterval(() => response.write('x'), 10);
        response.on('close', () => {
          cut += 1;
          clearInterval(timer);
        });
        return true;
      }),
    );
    const [part] = await source.read([far]);
    expect(Buffer.from(part as Uint8Array).equals(bytesOf(far))).toBe(true);
    expect(server.seen).toHaveLength(3);
    await expect.poll(() => cut).toBe(1);
  });

  it('a server that never answers is given up', async () => {
    server.faults.push(() => true);
    const error = await failureOf(open(url(), { stallMs: 50, retries: 1 }));
    expect(error.code).toBe('NETWORK');
    expect(error.message).toContain('nothing came in 50 ms, 2 times');
  });

  it('nobody listens', async () => {
    const gone = await RangeServer.start({});
    const address = gone.url('/a.tif');
    await gone.stop();
    const error = await failureOf(open(address, { retries: 1 }));
    expect(error.code).toBe('NETWORK');
    expect(error.message).toContain('the connection failed (ECONNREFUSED), 2 times');
  });
});

describe('another version', () => {
  const other = numbered(whole.length, 99);

  it('an object that was replaced is an error by name: the server refuses the version', async () => {
    const source = await open(url());
    server.objects.set('/slide.tif', other);
    const error = await failureOf(source.read([far]));
    expect(error).toMatchObject({ code: 'FILE_UNREADABLE', path: url() });
    expect(error.message).toContain(`${url()} was replaced while it was read`);
    expect(server.seen).toHaveLength(2);
  });

  it('the same where the server does not look at If-Match', async () => {
    const source = await open(url());
    server.objects.set('/slide.tif', other);
    server.faults.push((request, response, at) => {
      at.answer({ ...request, ifMatch: null }, response);
      return true;
    });
    const error = await failureOf(source.read([far]));
    expect(error.message).toContain(
      `its ETag is ${RangeServer.etagOf(whole)}, and now its ETag is ${RangeServer.etagOf(other)}`,
    );
  });

  it('the same by size, and by Last-Modified where there is no ETag, and for a weak ETag without If-Match', async () => {
    const bare =
      (size: number, headers: Record<string, string>): Fault =>
      (request, response, at) => {
        const { first: begin, last } = at.rangeOf(request);
        const end = Math.min(last, size - 1);
        const length = end - begin + 1;
        response.writeHead(206, {
          'content-range': `bytes ${begin}-${end}/${size}`,
          'content-length': String(length),
          ...headers,
        });
        at.send(response, Buffer.alloc(length));
        return true;
      };
    const monday = { 'last-modified': 'Mon, 05 Jan 2026 10:00:00 GMT' };
    const tuesday = { 'last-modified': 'Tue, 06 Jan 2026 10:00:00 GMT' };
    for (const [before, now, said] of [
      [bare(whole.length, monday), bare(whole.length, tuesday), 'Last-Modified'],
      [bare(whole.length, monday), bare(whole.length + 1, monday), 'bytes and has'],
      [bare(whole.length, { etag: 'W/"1"' }), bare(whole.length, { etag: 'W/"2"' }), 'W/"2"'],
    ] as const) {
      server.reset();
      server.faults.push(first(1, before), now);
      const source = await open(url());
      const error = await failureOf(source.read([far]));
      expect(error.code).toBe('FILE_UNREADABLE');
      expect(error.message).toContain(said);
      expect(server.seen[1]?.ifMatch).toBeNull();
    }
  });

  it('an object without a version is refused, unless that is asked for', async () => {
    server.faults.push((request, response, at) => {
      response.setHeader('x-test', '1');
      const { first: begin, last } = at.rangeOf(request);
      response.writeHead(206, { 'content-range': `bytes ${begin}-${last}/${whole.length}` });
      at.send(response, whole.subarray(begin, last + 1));
      return true;
    });
    expect((await failureOf(open(url()))).message).toContain('gives neither ETag nor Last-Modified');
    expect((await open(url(), { unversioned: true })).validator).toEqual({ kind: 'none' });
  });

  it('an object of another ETag than it was listed with', async () => {
    const error = await failureOf(open(url(), { etag: '"listed"' }));
    expect(error.code).toBe('FILE_UNREADABLE');
    expect(server.seen[0]?.ifMatch).toBe('"listed"');
  });
});

describe('answers that are refused', () => {
  const answer =
    (code: number, headers: Record<string, string>, body: Uint8Array = new Uint8Array(0)): Fault =>
    (_, response, at) => {
      response.writeHead(code, { etag: '"v"', ...headers });
      at.send(response, body);
      return true;
    };
  const head = whole.subarray(0, 65536);
  it.each<[string, Fault, string, string]>([
    ['a server that ignores ranges', answer(200, {}, whole), 'NETWORK', 'knows no ranges'],
    ['the same, with a length', answer(200, { 'content-length': String(whole.length) }, whole), 'NETWORK', 'no ranges'],
    ['another range', answer(206, { 'content-range': 'bytes 5-9/3145728' }), 'NETWORK', 'other bytes'],
    ['no Content-Range', answer(206, {}, head), 'NETWORK', 'Content-Range'],
    ['an unknown size', answer(206, { 'content-range': 'bytes 0-65535/*' }, head), 'NETWORK', 'Content-Range'],
    [
      'a size beyond numbers',
      answer(206, { 'content-range': `bytes 0-65535/${'9'.repeat(16)}` }),
      'NETWORK',
      'Content-Range',
    ],
    ['several ranges', answer(206, { 'content-type': 'multipart/byteranges; boundary=x' }), 'NETWORK', 'several'],
    ['compressed bytes', answer(206, { 'content-encoding': 'gzip' }, head), 'NETWORK', 'compressed'],
    ['404', status(404), 'FILE_NOT_FOUND', '404'],
    ['403', status(403), 'NETWORK', '403'],
    ['418', status(418), 'NETWORK', '418'],
    ['204', status(204), 'NETWORK', '204'],
  ])('%s', async (_, fault, code, said) => {
    server.faults.push(fault);
    const clock = stillClock();
    const error = await failureOf(open(url(), {}, clock));
    expect(error).toMatchObject({ code, path: url() });
    expect(error.message).toContain(said);
    expect(server.seen).toHaveLength(1);
    expect(clock.sleeps).toEqual([]);
  });

  it('an empty object is no slide', async () => {
    expect((await failureOf(open(server.url('/empty')))).code).toBe('NOT_A_SLIDE');
  });

  it('an endless body is cut off after what was asked for', async () => {
    const source = await open(url());
    let sent = 0;
    let closed = false;
    server.faults.push((request, response, at) => {
      const { first: begin, last } = at.rangeOf(request);
      response.writeHead(206, {
        etag: RangeServer.etagOf(whole),
        'content-range': `bytes ${begin}-${last}/${whole.length}`,
      });
      response.write(whole.subarray(begin, last + 1));
      const more = (): void => {
        if (closed) return;
        sent += 65536;
        response.write(Buffer.alloc(65536), more);
      };
      response.on('close', () => {
        closed = true;
      });
      more();
      return true;
    });
    const [part] = await source.read([far]);
    expect(Buffer.from(part as Uint8Array).equals(bytesOf(far))).toBe(true);
    await expect.poll(() => closed).toBe(true);
    // What the buffers of both ends hold, and no more.
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('redirects', () => {
  const to =
    (path: string, location: () => string, code = 302): Fault =>
    (request, response) => {
      if (request.path !== path) return false;
      response.writeHead(code, { location: location() }).end();
      return true;
    };

  it('are followed, and where they lead is asked directly from then on', async () => {
    server.faults.push(
      to('/a', () => '/b'),
      to('/b', () => url(), 307),
    );
    const source = await open(server.url('/a'));
    await source.read([far]);
    expect(server.seen.map(({ path }) => path)).toEqual(['/a', '/b', '/slide.tif', '/slide.tif']);
    expect(source.name).toBe(server.url('/a'));
  });

  it('a place that refuses later is looked for again', async () => {
    server.faults.push(to('/a', () => url()));
    const source = await open(server.url('/a'));
    server.faults.unshift(first(1, status(403)));
    await source.read([far]);
    expect(server.seen.map(({ path }) => path)).toEqual(['/a', '/slide.tif', '/slide.tif', '/a', '/slide.tif']);
  });

  it('a target that is busy is asked again itself', async () => {
    server.faults.push(to('/a', () => '/slide.tif'));
    const source = await open(server.url('/a'), { retries: 2 });
    server.faults.unshift((request, ...rest) => request.path === '/slide.tif' && status(503)(request, ...rest));
    server.seen.length = 0;
    expect((await failureOf(source.read([far]))).code).toBe('NETWORK');
    expect(server.seen.map(({ path }) => path)).toEqual(['/slide.tif', '/slide.tif', '/slide.tif']);
  });

  it('a loop ends', async () => {
    server.faults.push(
      to('/a', () => '/b'),
      to('/b', () => '/a'),
    );
    const error = await failureOf(open(server.url('/a')));
    expect(error).toMatchObject({ code: 'NETWORK' });
    expect(error.message).toContain('more than 5 redirects');
    expect(server.seen).toHaveLength(6);
  });

  it('lead to http and https only', async () => {
    for (const location of ['file:///etc/passwd', 'ftp://host/x', 'http://[', '']) {
      server.reset();
      server.faults.push(to('/a', () => location));
      expect((await failureOf(open(server.url('/a')))).code).toBe('NETWORK');
      expect(server.seen).toHaveLength(location === '' ? 6 : 1);
    }
  });

  it('credentials do not go to another host', async () => {
    const other = await RangeServer.start({ '/slide.tif': whole });
    try {
      server.faults.push(to('/a', () => other.url('/slide.tif')));
      const headers = { Authorization: 'Bearer secret', 'X-Key': 'secret' };
      const source = await open(server.url('/a').replace('http://', 'http://name:secret@'), { headers });
      await source.read([far]);
      expect(server.seen[0]?.headers).toMatchObject({ authorization: 'Bearer secret', 'x-key': 'secret' });
      expect(other.seen).toHaveLength(2);
      for (const { headers: sent } of other.seen) expect(JSON.stringify(sent)).not.toContain('secret');
    } finally {
      await other.stop();
    }
  });
});

describe('credentials', () => {
  it('of the address do not go to the host of an address that access() gives', async () => {
    const other = await RangeServer.start({ '/signed': whole });
    try {
      const access = () => ({ url: other.url('/signed'), headers: { 'x-own': 'given' } });
      await open(url(), { access, headers: { Authorization: 'Bearer secret' } });
      expect(other.seen[0]?.headers).toMatchObject({ 'x-own': 'given' });
      expect(other.seen[0]?.headers.authorization).toBeUndefined();
      await open(url(), { access: () => ({ url: `${url()}?signed` }), headers: { Authorization: 'Bearer secret' } });
      expect(server.seen[0]?.headers.authorization).toBe('Bearer secret');
    } finally {
      await other.stop();
    }
  });

  const only =
    (token: string): Fault =>
    (request, response) => {
      if (request.headers.authorization === `Bearer ${token}`) return false;
      response.writeHead(403, { 'content-type': 'text/xml' }).end(`<Error>${request.headers.authorization}</Error>`);
      return true;
    };

  it('that expired are taken anew, once, and the read goes on', async () => {
    const tokens = ['secret-1', 'secret-2'];
    const asked: boolean[] = [];
    const access = (again: boolean) => {
      asked.push(again);
      return { headers: { authorization: `Bearer ${tokens[asked.length - 1]}` } };
    };
    server.faults.push(first(1, only('secret-1')));
    const source = await open(url(), { access });
    server.faults[0] = only('secret-2');
    const reads = [far, { ...far, offset: far.offset + 512 * kibibyte }].map((range) => source.read([range]));
    await Promise.all(reads);
    expect(asked).toEqual([false, true]);
  });

  it('that are never given end the try, or the wait for them, and leave their place to others', async () => {
    const never = () => new Promise<never>(() => undefined);
    const error = await failureOf(open(url(), { access: never, stallMs: 20, retries: 0 }));
    expect(error.message).toContain('nothing came in 20 ms');
    const stop = new AbortController();
    const given = failureOf(open(url(), { access: never, signal: stop.signal }));
    stop.abort(new Error('gave up'));
    expect((await given).message).toBe('gave up');
    server.faults.push(status(403));
    const access = (again: boolean) => (again ? never() : {});
    const refused = await failureOf(open(url(), { access, stallMs: 200, retries: 0 }));
    expect(refused).toMatchObject({ code: 'NETWORK' });
    expect(refused.message).toContain('nothing came in 200 ms');
  });

  it('that are refused for ever are an error by name that holds no secret', async () => {
    let asked = 0;
    const access = () => {
      asked += 1;
      return { headers: { authorization: 'Bearer secret-token' }, url: `${url()}?X-Amz-Signature=secret-signature` };
    };
    server.faults.push(only('none'));
    const error = await failureOf(open(`${url()}?sig=secret-query`, { access }));
    expect(error).toBeInstanceOf(MicrotomeError);
    expect(error).toMatchObject({ code: 'NETWORK', path: url() });
    expect(error.message).toContain('the server answered 403');
    expect(error.advice).toContain('credentials');
    expect(allOf(error)).not.toContain('secret');
    expect(asked).toBe(2);
    expect(server.seen).toHaveLength(2);
  });

  it('a function that fails with its secret keeps it', async () => {
    const access = (): never => {
      throw new Error('could not use token secret-token');
    };
    const error = await failureOf(open(url(), { access }));
    expect(error.code).toBe('NETWORK');
    expect(allOf(error)).not.toContain('secret');
  });

  it('headers of a function that are none are refused as an option', async () => {
    for (const headers of [{ 'a b': 'secret' }, { a: 'sec\nret' }, { range: 'bytes=0-1' }, null, 7]) {
      const access = () => ({ headers }) as never;
      const error = await failureOf(open(url(), { access }));
      expect(error.code).toBe('INVALID_OPTION');
      expect(error.message).toContain('access');
      expect(allOf(error)).not.toContain('secret');
    }
    expect(server.seen).toHaveLength(0);
  });

  it('a name and a password in the address are sent, and are nowhere else', async () => {
    const source = await open(url().replace('http://', 'http://ann:secret@'));
    expect(server.seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('ann:secret').toString('base64')}`);
    expect(source.name).toBe(url());
  });

  it('no way to fail says what is behind the question mark', async () => {
    const signed = (path: string): string => `${server.url(path)}?X-Amz-Signature=secret#secret`;
    const gone = await RangeServer.start({});
    const nowhere = gone.url('/a.tif?secret');
    await gone.stop();
    const faults: Fault[] = [
      status(403),
      status(404),
      status(503),
      status(302, { location: '/x?secret' }),
      status(200),
    ];
    const failures = [await failureOf(open(nowhere, { retries: 0 }))];
    for (const fault of faults) {
      server.reset();
      server.faults.push(fault);
      failures.push(await failureOf(open(signed('/slide.tif'), { retries: 1 })));
    }
    server.reset();
    const source = await open(signed('/slide.tif'));
    server.objects.set('/slide.tif', numbered(10));
    failures.push(await failureOf(source.read([far])));
    failures.push(await failureOf(httpSource('http://ann:secret@')), await failureOf(httpSource('http://[?secret')));
    for (const error of failures) {
      expect(error).toBeInstanceOf(MicrotomeError);
      expect(allOf(error)).not.toContain('secret');
    }
  });
});

describe('options', () => {
  it.each([
    [{ requests: 0 }],
    [{ retries: -1 }],
    [{ stallMs: 1 }],
    [{ headers: { 'bad name': 'x' } }],
    [{ headers: { a: 'b\r\nc: d' } }],
    [{ headers: { Range: 'bytes=0-1' } }],
    [{ access: 'x' }],
    [{ cache: { folder: '' } }],
    [{ cache: { folder: '/tmp', maxBytes: 5 } }],
    [{ secretKey: 'x' }],
    [null],
  ])('%j is refused', async (options) => {
    const error = await failureOf(httpSource(url(), options as never));
    expect(error.code).toBe('INVALID_OPTION');
    expect(server.seen).toHaveLength(0);
  });
});
