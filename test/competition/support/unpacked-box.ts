/** The unpacked archive as it lies in the challenge's container, made of links into this checkout, and runs of its main.py. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import { eachLine } from '../../support/lines.js';

const root = resolve(import.meta.dirname, '../../..');
export const program: string = join(root, 'dist/competition/box/main.js');
const addon = join(root, 'build/Release/microtome.node');
/** `npm test` builds both before it comes here. */
export const isBuilt: boolean = existsSync(program) && existsSync(addon);
export const mainFile: string = join(root, 'competition/main.py');

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'microtome-box-'));
  folders.push(folder);
  return folder;
}

export interface BoxParts {
  /** Not there: this Node.js. A text: a script in the place of Node.js. */
  readonly node?: string;
  /** Folder of the bundle; not there: none. */
  readonly bundle?: string;
  /** Folder with the slides and the tables; not there: none. */
  readonly data?: string;
}

/** A folder to run main.py in. */
export async function unpackedBox({ node, bundle, data }: BoxParts): Promise<string> {
  const folder = await temporaryFolder();
  const inside = join(folder, 'microtome');
  await copyFile(mainFile, join(folder, 'main.py'));
  await mkdir(join(inside, 'node/bin'), { recursive: true });
  await mkdir(join(inside, 'package/node_modules'), { recursive: true });
  if (node === undefined) await symlink(process.execPath, join(inside, 'node/bin/node'));
  else {
    await writeFile(join(inside, 'node/bin/node'), node);
    await chmod(join(inside, 'node/bin/node'), 0o755);
  }
  await symlink(root, join(inside, 'package/node_modules/microtome'));
  if (bundle !== undefined) await cp(bundle, join(inside, 'model'), { recursive: true });
  if (data !== undefined) await symlink(data, join(folder, 'data'));
  return folder;
}

export interface BoxRun {
  readonly child: ChildProcess;
  /** As they come. */
  readonly lines: string[];
  readonly stderr: () => string;
  /** The exit code, or the name of the signal that ended main.py. */
  readonly ended: Promise<number | string>;
}

/** Runs main.py in the folder with the machine's own python3. */
export function startBox(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
  onLine: (line: string, child: ChildProcess) => void = () => {},
): BoxRun {
  const env = { ...process.env, ...environment };
  const child = spawn('python3', ['-I', 'main.py'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let stderr = '';
  eachLine(child.stdout, (line) => {
    lines.push(line);
    onLine(line, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => (code as number | null) ?? (signal as string));
  return { child, lines, stderr: () => stderr, ended };
}

/** A run that nobody disturbs. */
export async function runBox(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | string; readonly lines: readonly string[]; readonly stderr: string }> {
  const run = startBox(folder, environment);
  const code = await run.ended;
  return { code, lines: run.lines, stderr: run.stderr() };
}

export const withoutTimes = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => line.replace(/[0-9]+:[0-9]{2}:[0-9]{2}$/, 'T'));

export const tableOf = (folder: string): Promise<string> => readFile(join(folder, 'submission.csv'), 'utf8');

export async function besides(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('submission.csv')).sort();
}

/** Writes the two tables of the challenge into a folder; `resolution` is the column that came later. */
export async function writeTables(
  data: string,
  names: readonly string[],
  {
    resolution = true,
    metadata = names,
  }: { readonly resolution?: boolean; readonly metadata?: readonly string[] } = {},
): Promise<void> {
  const header = `filename,age,sex,body_site,melanoma_history${resolution ? ',resolution' : ''}\n`;
  const row = (name: string, i: number): string =>
    `${name},[${30 + 2 * i}:${32 + 2 * i}[,${1 + (i % 2)},${i % 2 ? 'trunc' : 'trunk'},${i % 3 ? 'NO' : ''}${resolution ? ',0.25' : ''}\n`;
  await writeFile(join(data, 'submission_format.csv'), `filename,relapse\n${names.map((n) => `${n},0.5\n`).join('')}`);
  await writeFile(join(data, 'test_metadata.csv'), `${header}${metadata.map(row).join('')}`);
}
