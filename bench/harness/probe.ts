/** A measurement that is a process: starts one of probes/, which prints one line of JSON and ends. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compiledDir } from '../paths.js';

export async function probe<T>(name: string, args: readonly string[]): Promise<T> {
  const script = join(compiledDir, 'probes', `${name}.js`);
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as T;
}
