/** The process around the addon: it ends by itself, in every state, without a crash; nothing is printed. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyTimes } from '../support/busy.js';
import { attentionModel, slowModel } from '../support/models/small-graphs.js';
import { writeSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-process-'));
const slide = join(scratch, 'slide.tif');
const model = join(scratch, 'attention.onnx');
const slow = join(scratch, 'slow.onnx');
const mask = join(scratch, 'mask.geojson');
const library = new URL('../../dist/index.js', import.meta.url).href;

beforeAll(async () => {
  await writeSlide(slide, { width: 3000, height: 3000, seed: 3, tissueShare: 0.4 });
  writeFileSync(model, attentionModel());
  writeFileSync(slow, slowModel(400));
  const ring = `[[0,0],${'[3000,0],[3000,3000],'.repeat(1e6)}[0,0]]`;
  writeFileSync(mask, `{"type":"Polygon","coordinates":[${ring}]}`);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

function run(body: string, flags: readonly string[] = [], timeoutMs = 60_000): Promise<Ending> {
  const source = `
    import * as microtome from ${JSON.stringify(library)};
    const { scoreSlide, createScorer, openSlide } = microtome;
    const [slide, model, slow, mask] = ${JSON.stringify([slide, model, slow, mask])};
    ${body}`;
  const start = performance.now();
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...flags, '--input-type=module', '-e', source],
      { timeout: timeoutMs, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : null) : 0;
        resolve({ code, signal: error?.signal ?? null, stdout, stderr, ms: performance.now() - start });
      },
    );
  });
}

describe('the process ends by itself', () => {
  it.each([
    ['after a score', `await scoreSlide(slide, { model, input: { level: 0 } });`],
    [
      'with a scorer and a slide left open',
      `await createScorer({ model, input: { level: 0 } }); await openSlide(slide);`,
    ],
    ['after a slide was left while it is read', `const s = await openSlide(slide); s.thumbnail(500).catch(() => {});`],
    [
      'after a tile stream was left half-way',
      `for await (const b of (await openSlide(slide)).tiles({ level: 0, size: 224 })) { b.release(); break; }`,
    ],
    [
      'after a loop over tiles was left while the file of its mask is parsed',
      `const tiles = (await openSlide(slide)).tiles({ level: 0, size: 224, mask })[Symbol.asyncIterator]();
       tiles.next().catch(() => {}); tiles.return();`,
    ],
    [
      'after an abort while the file of a mask is parsed',
      `const signal = AbortSignal.timeout(200);
       const tiles = (await openSlide(slide)).tiles({ level: 0, size: 224, mask, signal })[Symbol.asyncIterator]();
       await tiles.next().then(() => {}, (error) => { if (error !== signal.reason) throw error; });`,
    ],
  ])('%s', async (_, body) => {
    expect(await run(body)).toMatchObject({ code: 0, signal: null, stdout: '', stderr: '' });
  });

  it.each([
    [
      'process.exit() in the middle of a score',
      `scoreSlide(slide, { model: slow, input: { level: 0 }, onProgress: (p) => { if (p.stage === 'decode') setTimeout(() => process.exit(7), 300); } });`,
      7,
    ],
    [
      'process.exit() in the middle of a score, with no thread left when the process goes on to end',
      `import { readdirSync, readFileSync } from 'node:fs';
       const left = () => readdirSync('/proc/self/task').filter((task) => {
         try {
           return readFileSync('/proc/self/task/' + task + '/comm', 'utf8').startsWith('microtome');
         } catch {
           return false;
         }
       }).length;
       const look = () => {
         // A thread that has ended may be listed for a moment longer.
         for (const end = performance.now() + 5000; left() > 0 && performance.now() < end; );
         if (left() > 0) console.log(left() + ' threads are left');
       };
       scoreSlide(slide, { model: slow, input: { level: 0 }, onProgress: (p) => {
         if (p.stage === 'decode') setTimeout(() => { if (left() === 0) console.log('none was there'); process.on('exit', look); process.exit(7); }, 300);
       } });`,
      7,
    ],
    [
      'process.exit() while the file of a mask is parsed',
      `scoreSlide(slide, { model, input: { level: 0 }, mask }).catch(() => {}); setTimeout(() => process.exit(7), 300);`,
      7,
    ],
    ...[0, 20, 60, 120].map((ms): [string, string, number] => [
      `process.exit() ${ms} ms after a model began to be loaded`,
      `createScorer({ model, input: { level: 0 } }).catch(() => {}); setTimeout(() => process.exit(7), ${ms});`,
      7,
    ]),
    [
      'an uncaught exception in the middle',
      `scoreSlide(slide, { model: slow, input: { level: 0 } }); setTimeout(() => { throw new Error('on purpose'); }, 1500);`,
      1,
    ],
  ])('%s', async (_, body, code) => {
    const ending = await run(body);
    expect(ending).toMatchObject({ code, signal: null, stdout: '' });
    expect(ending.ms).toBeLessThan(20_000 * busyTimes());
  });
});

describe('worker threads', () => {
  const worker = (body: string): string => `
    import { Worker } from 'node:worker_threads';
    const code = ${JSON.stringify(`
      import(${JSON.stringify(library)}).then(async ({ scoreSlide, createScorer, openSlide }) => {
        const { parentPort, workerData } = await import('node:worker_threads');
        const { slide, model, slow } = workerData;
        `)} + ${JSON.stringify(body)} + '});';
    const start = () => new Worker(code, { eval: true, workerData: { slide, model, slow } });
    const value = (w) => new Promise((ok, no) => { w.on('message', ok); w.on('error', no); });
    const ended = (w) => new Promise((ok) => w.on('exit', ok));`;

  it('score side by side and agree with the main thread', async () => {
    const ending = await run(`
      ${worker(`parentPort.postMessage((await scoreSlide(slide, { model, input: { level: 0 } })).score);`)}
      const scores = await Promise.all([0, 1, 2].map(() => value(start())));
      scores.push((await scoreSlide(slide, { model, input: { level: 0 } })).score);
      if (new Set(scores).size !== 1) throw new Error(scores.join());`);
    expect(ending).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('may be terminated in the middle of a score, again and again', async () => {
    const ending = await run(
      `
      ${worker(`parentPort.postMessage('on'); await scoreSlide(slide, { model: slow, input: { level: 0 } });`)}
      for (let i = 0; i < 6; i++) {
        const w = start();
        await value(w);
        await new Promise((ok) => setTimeout(ok, 60 * i));
        await w.terminate();
      }
      const last = await scoreSlide(slide, { model, input: { level: 0 } });
      if (!Number.isFinite(last.score)) throw new Error('no score');`,
      [],
      120_000,
    );
    expect(ending).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

describe('garbage collection', () => {
  it('frees scorers and slides that nobody closed, and their threads', async () => {
    const ending = await run(
      `import { readFileSync, readdirSync } from 'node:fs';
       import { availableParallelism } from 'node:os';
       const threads = () => readdirSync('/proc/self/task').length;
       const use = async () => {
         // One worker for each core stays; three more live as long as somebody wants so many.
         const scorer = await createScorer({ model, input: { level: 0 }, threads: availableParallelism() + 3 });
         const s = await openSlide(slide);
         await s.readRegion({ level: 0, x: 0, y: 0, width: 50, height: 50 });
         return [scorer, s];
       };
       // The first one starts what stays for the life of the process.
       const first = await use();
       const own = 3;
       for (const one of first) await one.close();
       // A thread that has ended may be listed for a moment longer, and the one that closed the scorer ends after its promise.
       const workers = () => readdirSync('/proc/self/task').filter((task) => {
         try {
           return /^microtome-\\d+$/.test(readFileSync('/proc/self/task/' + task + '/comm', 'utf8').trim());
         } catch {
           return false;
         }
       }).length;
       const pause = () => new Promise((ok) => setTimeout(ok, 10));
       for (let i = 0; i < 1000 && workers() !== availableParallelism(); i++) await pause();
       if (workers() !== availableParallelism()) throw new Error('workers of a closed scorer are left: ' + workers());
       let idle = threads();
       for (let i = 0; i < 50; i++) {
         await pause();
         idle = Math.min(idle, threads());
       }
       const scorers = [];
       const slides = [];
       const forget = async () => {
         const [scorer, s] = await use();
         scorers.push(new WeakRef(scorer));
         slides.push(new WeakRef(s));
       };
       for (let i = 0; i < 6; i++) await forget();
       // The engine may keep the last pair in a register for as long as it likes. How many of the others are already
       // gone by now is also its choice, so what is left is held against the idle process and not against this moment.
       const alive = (refs) => refs.filter((r) => r.deref()).length;
       const left = () => alive(scorers) > 1 || alive(slides) > 1 || threads() > idle + (alive(scorers) > 0 ? own : 0);
       // What was looked at is kept until the end of that turn: collect in a turn of its own.
       const turn = () => new Promise((ok) => setTimeout(ok, 25));
       for (let i = 0; i < 200 && left(); i++) {
         await turn();
         gc();
         await turn();
       }
       if (left()) throw new Error([alive(scorers), alive(slides), threads(), idle, own].join());`,
      ['--expose-gc'],
    );
    expect(ending).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('does not free what is being used', async () => {
    const ending = await run(
      `const score = (async () => (await createScorer({ model, input: { level: 0 } })).score(slide))();
       const region = (async () => (await openSlide(slide)).thumbnail(800))();
       const timer = setInterval(() => gc(), 5);
       if (!Number.isFinite((await score).score)) throw new Error('no score');
       if ((await region).width !== 800) throw new Error('no thumbnail');
       clearInterval(timer);`,
      ['--expose-gc'],
    );
    expect(ending).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

describe('cancelling', () => {
  it('rejects with the reason of the signal within two seconds, a long inference included', async () => {
    const ending = await run(`
      const stop = new AbortController();
      const reason = new Error('enough');
      let aborted = 0;
      const job = scoreSlide(slide, { model: slow, input: { level: 0 }, signal: stop.signal,
        onProgress: (p) => { if (p.stage === 'decode' && !aborted) { aborted = 1; setTimeout(() => { aborted = performance.now(); stop.abort(reason); }, 1500); } } });
      const caught = await job.then(() => 'scored', (e) => e);
      if (caught !== reason) throw new Error(String(caught));
      const ms = performance.now() - aborted;
      if (ms > ${2000 * busyTimes()}) throw new Error('took ' + ms);`);
    expect(ending).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('close() ends running jobs with CANCELLED', async () => {
    const ending = await run(`
      const scorer = await createScorer({ model: slow, input: { level: 0 } });
      const job = scorer.score(slide).then(() => 'scored', (e) => e.code);
      await new Promise((ok) => setTimeout(ok, 1000));
      await scorer.close();
      if (await job !== 'CANCELLED') throw new Error(await job);
      const late = await scorer.score(slide).then(() => 'scored', (e) => e.code);
      if (late !== 'CANCELLED') throw new Error(late);`);
    expect(ending).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});
