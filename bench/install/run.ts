/** Runs an installer or a build quietly; its output is shown only as part of the error. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const OUTPUT_KEPT = 4000;

export async function runQuietly(program: string, args: readonly string[], cwd?: string): Promise<void> {
  try {
    await promisify(execFile)(program, args, { cwd, maxBuffer: 1 << 28 });
  } catch (error) {
    const { code, message, stdout = '', stderr = '' } = error as Error & Record<'code' | 'stdout' | 'stderr', string>;
    const output = `${stdout}${stderr}`.trim().slice(-OUTPUT_KEPT) || message;
    throw new Error(`${program} ${args[0] ?? ''} ended with ${code}: ${output}`);
  }
}
