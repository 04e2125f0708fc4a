/** What is closed is closed; what is given up ends; nothing waits for a model that loads. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inGoodOrder, runChild } from '../support/child.js';
import { longLoadingModel, meanColourModel } from '../support/models/small-graphs.js';
import { writeSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-closing-'));
const slide = join(scratch, 'slide.tif');
const model = join(scratch, 'mean.onnx');
const long = join(scratch, 'long.onnx');

beforeAll(async () => {
  await writeSlide(slide, { width: 2000, height: 1500, seed: 12, tissueShare: 0.5 });
  writeFileSync(model, meanColourModel());
  writeFileSync(long, longLoadingModel());
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('a loop over tiles that is left', () => {
  it('keeps no file open once the slide is closed, 200 times', async () => {
    const ending = await runChild(
      { slide },
      `let stillOpen = 0;
       let batches = 0;
       for (let i = 0; i < 200; i++) {
         const s = await openSlide(slide);
         if (!openFiles().includes(slide)) throw new Error('the slide is read without a descriptor of its own');
         for await (const batch of s.tiles({ level: 0, size: 128, keep: 'all', batchSize: 2 })) {
           batches += 1;
           break;
         }
         await s.close();
         if (openFiles().includes(slide)) stillOpen += 1;
       }
       report({ batches, stillOpen });`,
    );
    expect(ending).toEqual({ ...inGoodOrder, report: { batches: 200, stillOpen: 0 } });
  });
});

describe('while models load', () => {
  it.each([2, 4])('%d of them, an open slide answers before any has loaded', async (loads) => {
    const ending = await runChild<string[]>(
      { slide, long, loads },
      `const order = [];
       const stop = new AbortController();
       const options = { model: await loadModel(long, { input: { level: 0 } }), signal: stop.signal };
       const all = Array.from({ length: loads }, () =>
         createScorer(options).then(() => order.push('load'), (e) => order.push(e === stop.signal.reason ? 'given up' : e.code)));
       await until(() => threadsNamed('microtome-load') === loads || order.length > 0);
       const s = await openSlide(slide);
       order.push('open');
       await s.readRegion({ level: 0, x: 0, y: 0, width: 300, height: 300 });
       order.push('region');
       await s.close();
       stop.abort();
       await Promise.all(all);
       report(order);`,
    );
    expect(ending).toEqual({ ...inGoodOrder, report: ['open', 'region', ...Array(loads).fill('given up')] });
  });

  it('a worker thread that loads one ends at once: before the main thread, which began before, has loaded the same', async () => {
    const ending = await runChild<string[]>(
      { long, library: new URL('../../dist/index.js', import.meta.url).href },
      `import { Worker } from 'node:worker_threads';
       const order = [];
       const stop = new AbortController();
       const main = createScorer({ model: long, input: { level: 0 }, signal: stop.signal })
         .then(() => order.push('loaded'), () => order.push('given up'));
       await until(() => threadsNamed('microtome-load') === 1);
       const code = \`import(\${JSON.stringify(library)}).then((m) => m.createScorer({ model: \${JSON.stringify(long)}, input: { level: 0 } }))\`;
       const worker = new Worker(code, { eval: true });
       await until(() => threadsNamed('microtome-load') === 2 || order.length > 0);
       await worker.terminate();
       order.push('ended');
       stop.abort();
       await main;
       report(order);`,
    );
    expect(ending).toEqual({ ...inGoodOrder, report: ['ended', 'given up'] });
  });

  it('a load that is given up rejects with the reason, and ends before another that began before has loaded', async () => {
    const ending = await runChild<string[]>(
      { long },
      `const order = [];
       const first = new AbortController();
       const second = new AbortController();
       const load = (name, { signal }) => createScorer({ model: long, input: { level: 0 }, signal })
         .then(() => order.push(name + ' loaded'), (e) => order.push(name + ' ' + (e === signal.reason)));
       const one = load('first', first);
       await until(() => threadsNamed('microtome-load') === 1);
       const two = load('second', second);
       await until(() => threadsNamed('microtome-load') === 2 || order.length > 0);
       second.abort(new Error('enough'));
       await two;
       await until(() => threadsNamed('microtome-load') <= 1);
       order.push('second thread gone');
       first.abort(new Error('enough'));
       await one;
       process.on('exit', () => report(order));`,
    );
    expect(ending).toEqual({ ...inGoodOrder, report: ['second true', 'second thread gone', 'first true'] });
  });
});

describe('a score that cannot be started', () => {
  it.each([
    ['for its options', `engine.score(slideHandle, {}, null)`],
    ['for its slide, which is closed', `engine.score(closedHandle, options, null)`],
  ])('%s throws, and an idle process ends by itself', async (_, call) => {
    const ending = await runChild(
      { slide, model },
      `const addon = await loadAddon();
       const { createEngine } = addon;
       let engine;
       let options;
       addon.createEngine = (request) => {
         const job = createEngine(request);
         const result = job.result.then((made) => {
           engine = made;
           const score = made.score;
           Object.defineProperty(made, 'score', { value: (...args) => { options = args[1]; return score.apply(made, args); } });
           return made;
         });
         return { result, cancel: job.cancel };
       };
       const scorer = await createScorer({ model, input: { level: 0 } });
       await scorer.score(slide);
       const limits = { decodedTileBytes: 1e8, storedTileBytes: 1e8, directories: 100, tableBytes: 1e8, metadataBytes: 1e8, requestBytes: 1e8 };
       const open = () => addon.openSlide(slide, { limits, slideMpp: null }).result;
       const slideHandle = await open();
       const closedHandle = await open();
       await closedHandle.close();
       let threw = 0;
       for (let i = 0; i < 3; i++) try { ${call}; } catch { threw += 1; }
       report({ threw });`,
    );
    expect(ending).toEqual({ ...inGoodOrder, report: { threw: 3 } });
  });
});
