/** The program, as it was built. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { root } from './image.js';

/** Node.js and the file, as the words of a command. */
export const program: readonly [string, string] = [process.execPath, join(root, 'dist/cli/main.js')];

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const microtome = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const [node, file] = program;
    execFile(node, [file, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr });
    });
  });
