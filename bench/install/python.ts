/**
 * Python environments of the benchmarks' own: one for the readers, one for WSInfer, whose dependencies are older, one for slide2vec. Every
 * line of a file of requirements is installed by itself; what cannot be had is remembered with its reason, which the rows
 * that need it report.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { benchDir, pythonDir } from '../paths.js';
import { runQuietly } from './run.js';

/** By name of the environment: the file that says what is in it. */
const environments = {
  readers: 'requirements.txt',
  wsinfer: 'requirements-wsinfer.txt',
  slide2vec: 'requirements-slide2vec.txt',
} as const;

export type Environment = keyof typeof environments;

const folderOf = (environment: Environment): string => `${pythonDir}-${environment}`;
const interpreterOf = (environment: Environment): string => join(folderOf(environment), 'bin', 'python');
const recordOf = (environment: Environment): string => join(folderOf(environment), 'installed.json');

/** By requirement line: null when it is installed, else why it is not. */
type Installed = Record<string, string | null>;

export function requirementsOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

function readInstalled(environment: Environment): Installed {
  const record = recordOf(environment);
  return existsSync(record) ? (JSON.parse(readFileSync(record, 'utf8')) as Installed) : {};
}

/** Of all environments, for the result. */
export function installedPackages(): Readonly<Record<string, Installed>> {
  const names = Object.keys(environments) as Environment[];
  return Object.fromEntries(names.map((name) => [name, readInstalled(name)]));
}

/** Null when it succeeds, else its line that says why not; the rest of what it prints is progress. */
async function reasonItFails(program: string, args: readonly string[]): Promise<string | null> {
  try {
    await runQuietly(program, args);
    return null;
  } catch (error) {
    const lines = String(error)
      .split('\n')
      .filter((line) => line.trim() !== '');
    return (lines.find((line) => /^ERROR/.test(line)) ?? lines.at(-1) ?? '').slice(0, 300);
  }
}

type Say = (text: string) => void;

/** Installs what is not there. `retry` tries again what failed before. What cannot be had is recorded, not thrown. */
export async function installPython(environment: Environment, say: Say, retry: boolean): Promise<void> {
  const wanted = requirementsOf(await readFile(join(benchDir, environments[environment]), 'utf8'));
  const known = readInstalled(environment);
  const todo = wanted.filter((line) => !(line in known) || (retry && known[line] !== null));
  if (todo.length === 0) return;
  const installed: Installed = Object.fromEntries(Object.entries(known).filter(([line]) => wanted.includes(line)));
  const folder = folderOf(environment);
  await mkdir(folder, { recursive: true });
  const interpreter = interpreterOf(environment);
  const broken = existsSync(interpreter) ? null : await reasonItFails('python3', ['-m', 'venv', folder]);
  const options = ['--disable-pip-version-check', '--only-binary=:all:'];
  for (const line of todo) {
    say(`pip install ${line} (${environment})`);
    const install = ['-m', 'pip', 'install', ...options, ...line.split(/\s+/)];
    installed[line] = broken === null ? await reasonItFails(interpreter, install) : `no Python environment: ${broken}`;
    await writeFile(recordOf(environment), `${JSON.stringify(installed, null, 2)}\n`);
  }
}

/** Throws an Error that names the first package that is not installed and why. */
function requirePackages(environment: Environment, packages: readonly string[]): void {
  const installed = readInstalled(environment);
  for (const name of packages) {
    const line = Object.keys(installed).find((key) => key.split(/[=<>\s]/)[0] === name);
    if (line === undefined) throw new Error(`${name} was not installed`);
    const reason = installed[line];
    if (reason !== null) throw new Error(`${line} could not be installed: ${reason}`);
  }
}

/** The interpreter, once the packages are known to be there. */
export function pythonProgram(environment: Environment, packages: readonly string[]): string {
  requirePackages(environment, packages);
  return interpreterOf(environment);
}

export function sitePackages(environment: Environment, packages: readonly string[]): string {
  requirePackages(environment, packages);
  const lib = join(folderOf(environment), 'lib');
  const version = readdirSync(lib).find((name) => name.startsWith('python3'));
  return join(lib, version ?? '', 'site-packages');
}
