/** Slides of different sizes, small images in one file, and shards as processes of their own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { encodePng } from '../../lib/core/png.js';
import { hdf5File } from '../images/hdf5-writer.js';
import { isicName } from '../images/support.js';
import { fileWith } from '../runs/support.js';
import { eachLine } from '../support/lines.js';
import { writeSlide } from '../support/slides.js';

export const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const addon = fileURLToPath(new URL('../../build/Release/microtome.node', import.meta.url));
export const isBuilt: boolean = existsSync(program) && existsSync(addon);

/** Slides of several sizes in a folder of their own; their names do not sort by size. */
export async function slidesIn(folder: string, count: number): Promise<string> {
  const slides = join(folder, 'slides');
  await mkdir(slides);
  for (let i = 0; i < count; ++i) {
    const sidePx = 512 + 128 * ((i * 5) % 7);
    const name = `s${String(i).padStart(2, '0')}.tif`;
    await writeSlide(join(slides, name), { width: sidePx, height: sidePx, seed: 3 + i, tissueShare: 0.4 });
  }
  return slides;
}

/** One file of small images. */
export async function imagesIn(count: number): Promise<string> {
  const pictures: Buffer[] = [];
  for (let i = 0; i < 16; ++i) {
    const [width, height] = [8 + i, 8];
    const data = Uint8Array.from({ length: 3 * width * height }, (_, k) => (k * (i + 3)) % 251);
    pictures.push(await encodePng({ data, width, height, channels: 3 }));
  }
  const stored = Array.from({ length: count }, (_, i) => ({
    name: isicName(i),
    content: pictures[(i * 7) % pictures.length] as Buffer,
  }));
  return fileWith(hdf5File(stored), 'test-image.hdf5');
}

export interface Process {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly stderr: () => string;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

export interface ProcessSettings {
  readonly onLine?: (line: string, child: ChildProcess) => void;
  /** Nobody reads its standard output: it stands still once the pipe is full. */
  readonly isUnread?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** The program, as it was built. */
export function start(args: readonly string[], { onLine, isUnread, env }: ProcessSettings = {}): Process {
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, ...env } });
  const lines: string[] = [];
  let stderr = '';
  if (isUnread !== true)
    eachLine(child.stdout, (line) => {
      lines.push(line);
      onLine?.(line, child);
    });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, isUnread === true ? 'exit' : 'close').then(([code, signal]) => {
    return { code: code as number | null, signal: signal as string | null };
  });
  return { child, lines, stderr: () => stderr, ended };
}

/** Its exit code; what it says where that is another. */
export async function codeOf(run: Process): Promise<number | string> {
  const { code, signal } = await run.ended;
  return code === 0 ? 0 : (code ?? `${signal}: ${run.stderr()}`);
}

/** Waits for a condition, however long that takes. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5);
}

/** Lines that end in a line feed; 0: there is no such file. */
export async function linesIn(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').length - 1;
}

/** Name, bytes and time of each file: what is there, and that nobody has written to it. */
export async function stateOf(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => {
      const { size, mtimeNs, ino } = await stat(join(folder, name), { bigint: true });
      return `${name} ${size} ${mtimeNs} ${ino}`;
    }),
  );
}
