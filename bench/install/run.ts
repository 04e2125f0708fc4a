/** Runs an installer or a build quietly; its output is shown only as part of the error. */
import { spawn } from 'node:child_process';

const OUTPUT_KEPT = 4000;

export function runQuietly(program: string, args: readonly string[], cwd?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) });
    let output = '';
    const keep = (text: Buffer): void => {
      output = (output + text.toString()).slice(-OUTPUT_KEPT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ${args[0] ?? ''} ended with ${code}: ${output.trim()}`));
    });
  });
}
