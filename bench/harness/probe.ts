/** A measurement that is a process: starts one of probes/, which prints one line of JSON and ends. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compiledDir } from '../paths.js';

export async function probe<T>(name: string, args: readonly string[]): Promise<T> {
  const script = join(compiledDir, 'probes', `${name}.js`);
  const options = { maxBuffer: 1 << 26 };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], options);
    return JSON.parse(stdout) as T;
  } catch (error) {
    const { stderr = '', signal = null } = error as { stderr?: string; signal?: string | null };
    const reason = /^\w*Error.*$/m.exec(stderr)?.[0] ?? (signal === null ? String(error) : `it was ended by ${signal}`);
    throw new Error(`the probe ${name}: ${reason}`);
  }
}
