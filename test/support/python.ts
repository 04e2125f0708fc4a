/** Runs scripts of test/peers in the environment that scripts/steps/peers.mjs makes, and native tools beside them. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const python = resolve(root, 'node_modules/.cache/microtome/peers/bin/python');

function run(program: string, args: readonly string[], timeoutMs: number): Promise<string> {
  return new Promise((done, fail) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 256 << 20 } as const;
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) done(stdout);
      else fail(new Error(`${[program, ...args].join(' ')}: ${stderr.trim() || error.message}`));
    });
  });
}

/**
 * Runs test/peers/`script` and returns the values that it printed, one of JSON in each line. Rejects with what the script
 * wrote to the standard error stream where it fails.
 */
export async function runPython<Line>(script: string, args: readonly string[], timeoutMs = 240_000): Promise<Line[]> {
  const file = resolve(root, 'test/peers', script);
  // -B: leaves no compiled files in the tree. -E, -s: neither PYTHON* variables nor the user's packages count.
  const text = await run(python, ['-B', '-E', '-s', file, ...args], timeoutMs);
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Line);
}

/** Runs native/test/tools/`name`.cc as it was built, and returns what it printed. */
export function runTool(name: string, args: readonly string[], timeoutMs = 240_000): Promise<string> {
  return run(resolve(root, 'build', name), args, timeoutMs);
}
