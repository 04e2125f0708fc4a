/**
 * Serves a model of rows twice, with requests joined into batches and without, and has a process of its own send each the same
 * requests, 64 at a time, in turn.
 *   serve.js <model> <rounds> <requests>
 *   serve.js <model> ask <url> <requests>     the process that asks
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from 'microtome/client';
import { createServer, type InferenceServer } from 'microtome/serve';
import { FEATURES } from '../models/perceptron.js';

export interface ServeReport {
  /** Requests per second of each round. */
  readonly joined: readonly number[];
  readonly alone: readonly number[];
  /** Greatest difference of an answer, as a share of the largest. */
  readonly apart: number;
}

const AT_ONCE = 64;
const ROWS = 32;

interface Asked {
  readonly perSecond: number;
  readonly values: readonly number[];
}

function rowOf(number: number): Float32Array {
  return Float32Array.from({ length: FEATURES }, (_, i) => Math.sin(number * 31 + i));
}

async function askAll(url: string, requests: number): Promise<Asked> {
  const client = createClient(url);
  const rows = Array.from({ length: 16 }, (_, i) => rowOf(i));
  const values: number[] = new Array(16).fill(0);
  let next = 0;
  const worker = async (until: number): Promise<void> => {
    while (next < until) {
      const at = next++ % rows.length;
      const input = {
        name: 'features',
        shape: [1, FEATURES],
        datatype: 'FP32',
        values: rows[at] as Float32Array,
      } as const;
      const { outputs } = await client.infer('perceptron', [input]);
      values[at] = Number(outputs[0]?.values[0]);
    }
  };
  // Connections are made, and code is compiled, before it counts.
  await Promise.all(Array.from({ length: AT_ONCE }, () => worker(2 * AT_ONCE)));
  next = 0;
  const began = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, () => worker(requests)));
  return { perSecond: (1000 * requests) / (performance.now() - began), values };
}

function serve(model: string, batchRows: number): Promise<InferenceServer> {
  const how = { device: 'cpu', threads: 2, batchSize: ROWS, reproducible: false } as const;
  return createServer({ batchRows, models: [{ name: 'perceptron', tensors: model, ...how }] });
}

async function measure(model: string, rounds: number, requests: number): Promise<ServeReport> {
  const servers = { joined: await serve(model, ROWS), alone: await serve(model, 1) };
  const found = { joined: [] as number[], alone: [] as number[] };
  const values: Record<string, readonly number[]> = {};
  for (let round = 0; round <= rounds; round++)
    for (const name of ['joined', 'alone'] as const) {
      const args = [fileURLToPath(import.meta.url), model, 'ask', servers[name].url, `${requests}`];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const asked = JSON.parse(stdout) as Asked;
      values[name] = asked.values;
      if (round > 0) found[name].push(asked.perSecond);
    }
  await Promise.all([servers.joined.close(), servers.alone.close()]);
  const [a = [], b = []] = [values['joined'], values['alone']];
  const largest = Math.max(...b.map(Math.abs));
  const apart = Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN)))) / largest;
  return { ...found, apart };
}

const [model, second, third, fourth] = process.argv.slice(2) as [string, string, string, string];
const report =
  second === 'ask' ? await askAll(third, Number(fourth)) : await measure(model, Number(second), Number(third));
process.stdout.write(`${JSON.stringify(report)}\n`);
