/** Tables of a run at addresses: format and metadata give what the files give, within their limits, and hold no secret. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/index.js';
import { readCsv } from '../../lib/runs/csv-read.js';
import { realFileSystem } from '../../lib/runs/file-system.js';
import { readClinical } from '../../lib/runs/images/clinical-values.js';
import { readImageTable } from '../../lib/runs/images/image-table.js';
import { tablePlace, type TablePlace } from '../../lib/runs/table-place.js';
import { cli } from '../cli/support.js';
import { start } from '../runs/start.js';
import { competitionArea, fakeScorer, fileWith, type Area } from '../runs/support.js';
import { RangeServer, status, type Fault } from './range-server.js';
import { allOf, failureOf } from './support.js';

let server: RangeServer;
beforeAll(async () => {
  server = await RangeServer.start({});
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const secret = '?X-Amz-Signature=planted';
const at = (path: string): string => server.url(path) + secret;
const place = (path: string): TablePlace => tablePlace('metadata', at(path), null, null) as TablePlace;

async function areaAtAddresses(): Promise<Area & { readonly remote: { format: string; metadata: string } }> {
  const area = await competitionArea();
  server.objects.set('/format.csv', readFileSync(area.format));
  server.objects.set('/metadata.csv', readFileSync(area.metadata));
  return { ...area, remote: { format: at('/format.csv'), metadata: at('/metadata.csv') } };
}

/** Answers with all of the object, whatever range was asked for. */
const knowsNoRanges: Fault = (request, response, own) => {
  const bytes = own.objects.get(request.path) as Buffer;
  response.writeHead(200, { etag: '"v"', 'content-length': String(bytes.length) });
  own.send(response, bytes);
  return true;
};

describe('format and metadata at addresses', () => {
  it('give the table of the files, with one request each; record and journal hold no secret', async () => {
    const area = await areaAtAddresses();
    const [local, record] = [join(area.folder, 'local.csv'), join(area.folder, 'record.json')];
    await start(area, { format: area.format, metadata: area.metadata, output: local }).run.done;
    const scorer = { ...fakeScorer(), model: await loadModel('demo') };
    const given = { ...area.remote, runRecord: record };
    await start(area, given, {}, { createScorer: async () => scorer, versions: async () => ({}) }).run.done;
    expect(readFileSync(area.output, 'utf8')).toBe(readFileSync(local, 'utf8'));
    expect(scorer.calls.map(({ options }) => options.slideMpp)).toContain(0.21);
    expect(server.seen.map(({ path }) => path)).toEqual(['/format.csv', '/metadata.csv']);
    const said = JSON.parse(readFileSync(record, 'utf8')) as { inputs: { format: { path: string; sha256: string } } };
    expect(said.inputs.format.path).toBe(server.url('/format.csv'));
    expect(said.inputs.format.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(readFileSync(record, 'utf8')).not.toContain('planted');
  });

  it('go on from a journal that was begun with the files', async () => {
    const area = await areaAtAddresses();
    const failing = { [area.names[2] ?? '']: 'NO_TISSUE' } as const;
    const files = { format: area.format, metadata: area.metadata, onError: 'error' };
    expect((await failureOf(start(area, files, { failing }).run.done)).code).toBe('NO_TISSUE');
    const journal = `${area.output}.journal`;
    expect(readFileSync(journal, 'utf8').split('\n').length).toBeGreaterThan(area.names.length);
    const given = { ...area.remote, onError: 'error', resume: true };
    expect((await failureOf(start(area, given, { failing }).run.done)).code).toBe('NO_TISSUE');
    expect(readFileSync(journal, 'utf8')).not.toContain('planted');
    const again = start(area, given);
    await again.run.done;
    expect(again.scorer.calls).toHaveLength(1);
  });

  it('are also of the command line', async () => {
    const area = await areaAtAddresses();
    const words = ['score', area.slides, '--model', 'demo', '--out', area.output];
    const good = await cli([...words, '--format', area.remote.format, '--metadata', area.remote.metadata]);
    expect(good.code, good.stderr).toBe(0);
    expect(good.stdout + good.stderr).not.toContain('planted');
    expect(readFileSync(area.output, 'utf8').split('\n')).toHaveLength(area.names.length + 2);
    const bad = await cli([...words, '--overwrite', '--format', at('/none.csv')]);
    expect(bad.code).not.toBe(0);
    expect(bad.stderr).toContain(server.url('/none.csv'));
    expect(bad.stderr).not.toContain('planted');
  });

  it.each<[string, Fault | null, string, string]>([
    ['/none.csv', null, 'FILE_NOT_FOUND', 'csv'],
    ['/format.csv', status(403), 'NETWORK', 'csv'],
    ['/empty.csv', null, 'CSV_INVALID', 'csv'],
    ['/other.csv', null, 'CSV_INVALID', 'csv'],
    ['/utf16.csv', null, 'CSV_INVALID', 'csv'],
  ])('%s, %#: fails by name', async (path, fault, code, stage) => {
    const area = await areaAtAddresses();
    server.objects.set('/empty.csv', Buffer.alloc(0));
    server.objects.set('/other.csv', Buffer.from('name,value\na,1\n'));
    server.objects.set('/utf16.csv', Buffer.from('\ufefffilename,relapse\na.tif,1\n', 'utf16le'));
    if (fault !== null) server.faults.push(fault);
    const error = await failureOf(start(area, { format: at(path), storage: { retries: 0 } }).run.done);
    expect(error).toMatchObject({ code, stage, path: server.url(path) });
    expect(allOf(error)).not.toContain('planted');
    expect(error.message + error.advice).not.toContain('slide');
  });

  it('are refused where they are no objects, or the place of the output', async () => {
    const area = await competitionArea();
    for (const options of [
      { format: 'gs://bucket/format.csv' },
      { metadata: 's3://bucket/folder/' },
      { format: 's3://bucket/a.csv', output: 's3://bucket/a.csv' },
      { metadata: 's3://bucket/a.csv', output: 's3://bucket/a.csv' },
    ])
      expect((await failureOf(start(area, options).run.done)).code, JSON.stringify(options)).toBe('INVALID_OPTION');
  });
});

describe('a table at an address', () => {
  const rows = Array.from(
    { length: 120_000 },
    (_, i) => `ISIC_${String(i).padStart(7, '0')},${'x'.repeat(40)},${i % 90}\n`,
  );
  const large = Buffer.from(`isic_id,copyright_license,age\n${rows.join('')}`);

  it('is read whole, in pieces of one version', async () => {
    server.objects.set('/large.csv', large);
    expect(large.length).toBeGreaterThan(5 * 1024 * 1024);
    const [remote, local] = [await readCsv(place('/large.csv')), await readCsv(await fileWith(large))];
    expect([remote.sha256, remote.rows.length]).toEqual([local.sha256, 120_000]);
    expect(server.seen.map(({ range }) => range)).toEqual([
      `bytes=0-${2 ** 20 - 1}`,
      `bytes=${2 ** 20}-${5 * 2 ** 20 - 1}`,
      `bytes=${5 * 2 ** 20}-${large.length - 1}`,
    ]);
    server.reset();
    server.faults.push(({ range, path }, _, own) => {
      if (range?.startsWith('bytes=0-') === false) own.objects.set(path, Buffer.from(large).fill(55, 100, 200));
      return false;
    });
    const error = await failureOf(readCsv(place('/large.csv')));
    expect(error).toMatchObject({ code: 'FILE_UNREADABLE', stage: 'csv' });
    expect(error.message).toContain('was replaced while it was read');
  });

  it('that is larger than a table may be is refused before it is read', async () => {
    server.objects.set('/large.csv', large);
    const limits = { bytes: 2 ** 20 + 5, rows: 10, columns: 5, cells: 50, cellChars: 50 };
    const error = await failureOf(readCsv(place('/large.csv'), limits));
    expect(error).toMatchObject({ code: 'CSV_INVALID', path: server.url('/large.csv') });
    expect(error.message).toContain(`a file of ${large.length} bytes, at most ${limits.bytes} are read`);
    expect(server.seen).toHaveLength(1);
  });

  it('may be of a server that knows no ranges where it is small', async () => {
    server.objects.set('/small.csv', large.subarray(0, large.indexOf('\n', 900_000) + 1));
    server.faults.push(knowsNoRanges);
    expect((await readCsv(place('/small.csv'))).rows.length).toBeGreaterThan(10_000);
    server.objects.set('/large.csv', large);
    const error = await failureOf(readCsv(place('/large.csv')));
    expect(error).toMatchObject({ code: 'NETWORK', advice: 'download the file and pass its path' });
  });

  it('is the metadata of lesion images too, twice the same', async () => {
    server.objects.set('/images.csv', large);
    const table = await readImageTable(place('/images.csv'), 'isic_id', true, false, realFileSystem);
    expect([table.licenses.size, table.path]).toEqual([120_000, server.url('/images.csv')]);
    const clinical = { columns: ['age'], width: 1 } as unknown as Parameters<typeof readClinical>[0];
    server.objects.set('/images.csv', Buffer.concat([large, Buffer.from('ISIC_9999999,x,1\n')]));
    const { signal } = new AbortController();
    const source = {
      place: place('/images.csv'),
      idColumn: 'isic_id',
      sha256: table.sha256,
      signal,
      fs: realFileSystem,
    };
    const error = await failureOf(readClinical(clinical, source));
    expect(error.message).toContain('was changed while the run began');
  });
});
