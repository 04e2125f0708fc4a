/** Runs a piece of JavaScript in a process of its own, with the library as it was built. */
import { execFile } from 'node:child_process';

const library = new URL('../../dist/index.js', import.meta.url).href;
const addon = new URL('../../dist/native/addon.js', import.meta.url).href;
const figures = new URL('process-figures.mjs', import.meta.url).href;

export interface Ending<Report> {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  /** What the script passed to `report`; null where it did not. */
  readonly report: Report | null;
}

export interface ChildOptions {
  readonly flags?: readonly string[];
  /** Most processes and threads that the user may have; the kernel does not hold root to it. */
  readonly processes?: number;
}

/**
 * `values` are constants of the script. It has the public names, `loadAddon`, those of process-figures.mjs, and
 * `report(value)`, which is to be called once. A script that does not end is killed.
 */
export function runChild<Report>(
  values: Readonly<Record<string, unknown>>,
  body: string,
  { flags = [], processes }: ChildOptions = {},
): Promise<Ending<Report>> {
  const source = `
    import { writeSync } from 'node:fs';
    import { createScorer, loadModel, openSlide, planSlide, scoreImages, scoreSlide } from ${JSON.stringify(library)};
    import { loadAddon } from ${JSON.stringify(addon)};
    import { openFiles, peakMb, residentMb, threads, threadsNamed, until } from ${JSON.stringify(figures)};
    const report = (value) => writeSync(1, JSON.stringify(value));
    const { ${Object.keys(values).join(', ')} } = ${JSON.stringify(values)};
    ${body}`;
  const command = [process.execPath, ...flags, '--input-type=module', '-e', source];
  const [file, ...args] =
    processes === undefined ? command : ['bash', '-c', `ulimit -u ${processes}; exec "$@"`, 'bash', ...command];
  return new Promise((resolve) => {
    execFile(file as string, args, { timeout: 200_000, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : null) : 0;
      const report = stdout === '' ? null : (JSON.parse(stdout) as Report);
      resolve({ code, signal: error?.signal ?? null, stderr, report });
    });
  });
}

/** How a process ends that has done what it was to do. */
export const inGoodOrder = { code: 0, signal: null, stderr: '' } as const;
