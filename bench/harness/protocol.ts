/**
 * The interface of a contender: a process that is told its workload on the command line and then obeys one word a line on
 * stdin, answering each with one line of JSON on stdout. The same in TypeScript (here), Python (python/protocol.py) and
 * C++ (native/protocol.h).
 *
 *   (start)  -> {"ready":true,"version":"…"} or {"ready":false,"reason":"…"}
 *   verify   -> {"tiles":N,"digest":"…"} or {"tiles":N,"scores":[…]}: one pass whose result is compared with another contender's
 *   run      -> {"tiles":N,"wallMs":…,"cpuMs":…}: one pass, timed by the process itself
 *   end      -> {"peakRssKib":…}, and the process ends
 */
import { createInterface } from 'node:readline';
import { peakRssKib } from './memory.js';

/** What is to be read. All positions are pixels of `level`; the grid lies wholly inside it, rows from the top. */
export interface Workload {
  readonly slide: string;
  /** The level-0 tiles of the slide as complete JPEG streams (workloads/jpeg-streams.ts). */
  readonly streams: string;
  readonly level: number;
  /** Side of a tile, pixels. */
  readonly size: number;
  readonly stride: number;
  readonly columns: number;
  readonly rows: number;
  readonly threads: number;
  readonly batch: number;
  /** 'none', or the path of an .onnx file. */
  readonly model: string;
  /** What python/encoders.py calls the model, where it comes from there. */
  readonly encoder?: string;
  /** What becomes of the model's values before they are compared. */
  readonly activation: 'none' | 'softmax';
  /** 'all' takes the whole grid; 'tissue' what the contender's own mask keeps. */
  readonly keep: 'all' | 'tissue';
  /** Path of OpenSlide, where our library reads the slide by it and not by its own reader. */
  readonly openslide?: string;
}

export interface Hello {
  readonly ready: boolean;
  readonly version?: string;
  readonly reason?: string;
}

export interface Verification {
  readonly tiles: number;
  /** Of the pixels (digest.ts). */
  readonly digest?: string;
  /** Mean red, green and blue of each tile, rows from the top; from readers only. */
  readonly means?: readonly number[];
  /** One value for each tile, rows from the top. */
  readonly scores?: readonly number[];
  /** Of each tile, rows from the top, one after another. */
  readonly features?: readonly number[];
  /** Stored tiles that were decoded; from a contender that counts them. */
  readonly decodedTiles?: number;
}

export interface Pass {
  readonly tiles: number;
  readonly wallMs: number;
  /** User and system time of all threads of the process. */
  readonly cpuMs: number;
}

export interface Farewell {
  /** Greatest resident memory of the process so far. */
  readonly peakRssKib: number;
}

/** What a contender written in TypeScript implements. */
export interface Contender {
  readonly version: string;
  verify(): Promise<Verification>;
  /** One pass; resolves with the number of tiles. */
  pass(): Promise<number>;
  close(): Promise<void>;
}

export function argumentsOf(workload: Workload): string[] {
  return Object.entries(workload).map(([name, value]) => `--${name}=${value}`);
}

const numbers = ['level', 'size', 'stride', 'columns', 'rows', 'threads', 'batch'];

/** The arguments that argumentsOf() made. */
function parseWorkload(argv: readonly string[]): Workload {
  const given = argv.map((arg) => /^--(\w+)=(.*)$/s.exec(arg)?.slice(1) as [string, string]);
  const values = given.map(([name, value]) => [name, numbers.includes(name) ? Number(value) : value]);
  return Object.fromEntries(values) as Workload;
}

function answer(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function timed(contender: Contender): Promise<Pass> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const tiles = await contender.pass();
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  return { tiles, wallMs, cpuMs: (user + system) / 1000 };
}

/** Runs a contender as this process's whole life. */
export async function serve(make: (workload: Workload) => Promise<Contender>): Promise<void> {
  let contender: Contender;
  try {
    contender = await make(parseWorkload(process.argv.slice(2)));
  } catch (error) {
    answer({ ready: false, reason: error instanceof Error ? error.message : String(error) });
    return;
  }
  answer({ ready: true, version: contender.version });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'verify') answer(await contender.verify());
    else if (line === 'run') answer(await timed(contender));
    else break;
  }
  await contender.close();
  answer({ peakRssKib: peakRssKib() });
}
