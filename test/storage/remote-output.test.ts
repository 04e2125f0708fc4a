/** The table of a run in a bucket: put once, at the end, and never over another one. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openRemoteOutput, type RemoteOutput } from '../../lib/runs/remote-output.js';
import { realFileSystem } from '../../lib/runs/file-system.js';
import { failureOf } from './support.js';
import { type Fault, RangeServer, status } from './range-server.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-remote-output-'));
const output = 's3://bucket/out/table.csv';
let server: RangeServer;
let there: Buffer | null;
let puts: number;
let workFolder: string;

/** A bucket of one object. */
const bucket: Fault = (request, response) => {
  const missing = request.method === 'PUT' ? null : there;
  if (request.method === 'PUT') {
    const pieces: Buffer[] = [];
    request.message.on('data', (piece: Buffer) => pieces.push(piece));
    request.message.on('end', () => {
      if (there !== null && request.headers['if-none-match'] === '*')
        return void status(412)(request, response, server);
      there = Buffer.concat(pieces);
      puts += 1;
      response.writeHead(200, { etag: '"x"' }).end();
    });
  } else if (missing === null) {
    response.writeHead(404).end();
  } else {
    response.writeHead(request.method === 'HEAD' ? 200 : 206, { 'content-length': missing.length, etag: '"x"' });
    response.end(request.method === 'HEAD' ? undefined : missing);
  }
  return true;
};

beforeAll(async () => {
  server = await RangeServer.start({});
  process.env['AWS_ACCESS_KEY_ID'] = 'id';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'key';
});
afterAll(async () => {
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
});
beforeEach(() => {
  server.reset();
  server.faults.push(bucket);
  [there, puts] = [null, 0];
  workFolder = join(mkdtempSync(join(scratch, 'run-')), 'work');
});

const open = async (more: { resume?: boolean; overwrite?: boolean } = {}): Promise<RemoteOutput> => {
  const storage = { endpoint: server.origin, region: 'us-east-1', retries: 0, workFolder };
  const rules = { output, resume: false, overwrite: false, folder: { storage }, ...more };
  return (await openRemoteOutput(rules, new AbortController().signal, realFileSystem)) as RemoteOutput;
};

const table = 'filename,score\na.tif,0.5\n';
const summary = { output: 'local', alreadyComplete: false };
const writes =
  (remote: RemoteOutput, text = table) =>
  async (publish: () => Promise<void>) => {
    writeFileSync(remote.local, text);
    expect(puts).toBe(0);
    await publish();
    return summary;
  };

it('is put when the run publishes it, and leaves nothing in the work folder', async () => {
  const remote = await open();
  expect(existsSync(workFolder)).toBe(false);
  expect(await remote.during(writes(remote))).toEqual({ output, alreadyComplete: false });
  expect(there?.toString()).toBe(table);
  expect(puts).toBe(1);
  expect(readdirSync(workFolder)).toEqual([]);
});

it('is not there after a run that failed, whose files stay', async () => {
  const remote = await open();
  const error = await failureOf(
    remote.during(async () => {
      writeFileSync(`${remote.local}.journal`, 'rows');
      throw new Error('stopped');
    }),
  );
  expect(error.message).toBe('stopped');
  expect(there).toBeNull();
  expect(readdirSync(workFolder)).toHaveLength(1);
});

it('that is there is kept: before any work, and where it came meanwhile', async () => {
  there = Buffer.from('another');
  expect((await failureOf(open())).code).toBe('OUTPUT_EXISTS');
  expect(existsSync(workFolder)).toBe(false);
  there = null;
  const remote = await open();
  const late = async (publish: () => Promise<void>) => {
    there = Buffer.from('another');
    return writes(remote)(publish);
  };
  expect((await failureOf(remote.during(late))).code).toBe('OUTPUT_EXISTS');
  expect(String(there)).toBe('another');
  expect(readFileSync(remote.local, 'utf8')).toBe(table);
  const over = await open({ overwrite: true });
  await over.during(writes(over));
  expect(String(there)).toBe(table);
});

it('of a run that was killed after putting it is recognised when the run is resumed', async () => {
  there = Buffer.from(table);
  const remote = await open({ resume: true });
  const seen = await remote.during(async () => {
    // The run looks at it as at a file, and finds it complete.
    expect(readFileSync(remote.local, 'utf8')).toBe(table);
    return { ...summary, alreadyComplete: true };
  });
  expect(seen).toEqual({ output, alreadyComplete: true });
  const again = await open({ resume: true });
  await again.during(writes(again));
  expect(there.toString()).toBe(table);
  expect(puts).toBe(0);
});

it('a table that a killed process left without a journal is not taken for one of this run', async () => {
  mkdirSync(workFolder, { recursive: true });
  const remote = await open({ resume: true });
  writeFileSync(remote.local, 'filename,score\na.tif,0.9\n');
  await remote.during(async (publish) => {
    expect(existsSync(remote.local)).toBe(false);
    return writes(remote)(publish);
  });
  expect(there?.toString()).toBe(table);
});

it('goes from the work folder when it is put, before the journal does', async () => {
  const remote = await open();
  await remote.during(async (publish) => {
    writeFileSync(remote.local, table);
    await publish();
    expect(there?.toString()).toBe(table);
    expect(existsSync(remote.local)).toBe(false);
    return summary;
  });
});

it('that is not the output of the run leaves no copy behind', async () => {
  there = Buffer.from('another');
  const remote = await open({ resume: true });
  await failureOf(remote.during(() => Promise.reject(new Error('not complete'))));
  expect(readdirSync(workFolder)).toEqual([]);
});

it('has one run of a work folder at a time, whatever the other one has looked at before', async () => {
  const [one, other, third] = [await open({ resume: true }), await open({ resume: true }), await open()];
  let worked = 0;
  await one.during(async (publish) => {
    const error = await failureOf(other.during(async () => ({ ...summary, works: ++worked })));
    expect(error).toMatchObject({ code: 'OUTPUT_LOCKED', path: output });
    expect(error.message).toContain(`${output} is being written by another run`);
    return writes(one)(publish);
  });
  // Now it finds the table of the first one, where it would have scored all again.
  await other.during(async () => {
    expect(readFileSync(other.local, 'utf8')).toBe(table);
    return { ...summary, alreadyComplete: true };
  });
  const refused = await failureOf(third.during(async () => ({ ...summary, works: ++worked })));
  expect(refused.code).toBe('OUTPUT_EXISTS');
  expect([worked, puts]).toEqual([0, 1]);
  expect(readdirSync(workFolder)).toEqual([]);
});
