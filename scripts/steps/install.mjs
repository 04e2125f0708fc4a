// npm ci, when node_modules is absent or is not what package-lock.json says.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { inRoot } from './paths.mjs';
import { run, step } from './run.mjs';

const readJson = async (path) => JSON.parse(await readFile(path, 'utf8'));
const suits = (list, value) => list === undefined || list.includes(value);

/**
 * Path of the first package that is missing or of another version; null when node_modules is as locked. npm leaves out
 * optional packages for other platforms, and what only those need; our own optional packages must be there.
 */
export function firstStalePackage(wanted, installed, host) {
  const required = new Set(Object.keys(wanted['']?.optionalDependencies ?? {}).map((name) => `node_modules/${name}`));
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link === true) continue;
    const found = installed[path];
    if (found !== undefined && found.version === entry.version) continue;
    const named = entry.os !== undefined && entry.cpu !== undefined;
    const suitsHost = suits(entry.os, host.os) && suits(entry.cpu, host.cpu) && suits(entry.libc, host.libc);
    const leftOut = found === undefined && (entry.optional === true || entry.peer === true) && !(named && suitsHost);
    if (leftOut && !required.has(path)) continue;
    return path;
  }
  return null;
}

async function stalePackage() {
  const marker = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(marker)) return 'node_modules';
  const wanted = (await readJson(inRoot('package-lock.json'))).packages;
  const installed = (await readJson(marker)).packages;
  const stale = firstStalePackage(wanted, installed, {
    os: process.platform,
    cpu: process.arch,
    libc: 'glibc',
  });
  if (stale !== null) return stale;
  return Object.keys(installed).find((path) => !existsSync(inRoot(path))) ?? null;
}

export async function installPackages() {
  const stale = await stalePackage();
  if (stale === null) return;
  await step(`npm ci (${stale} is missing or stale)`, () => run('npm', ['ci', '--no-audit', '--no-fund']));
}
