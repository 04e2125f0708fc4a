/** What scripts/test-competition.mjs made for these tests: roots to run in, the installed package, an empty folder. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

interface Tools {
  /** Root folders of a Debian, by what they are. */
  readonly roots: Readonly<Record<string, string>>;
  /** A folder into which the packed package was installed. */
  readonly installed: string;
  /** Removed before the next run of the tests. */
  readonly scratch: string;
}

function readTools(): Tools {
  const text = process.env['MICROTOME_COMPETITION'];
  if (text === undefined) throw new Error('MICROTOME_COMPETITION is not set: run npm run competition:test');
  return JSON.parse(text) as Tools;
}

export const tools = readTools();

/** Debian 11 has the C library of the challenge's container. */
export const oldRoot = tools.roots['Debian 11'] as string;

/** Runs the command line of the installed package and returns what it printed. Rejects with its messages. */
export async function microtome(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const program = join(tools.installed, 'node_modules/microtome/dist/cli/main.js');
  const options = { cwd: tools.scratch, env: { ...process.env, ...env }, maxBuffer: 64 << 20 };
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], options);
  return stdout;
}
