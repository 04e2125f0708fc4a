// The package managers, each told to keep its cache in one folder, to run or block scripts, and to stay offline.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Consumer, npmProgram, tarball } from './consumer.js';
import { run } from './process.js';
import { registry, toolFile } from './tools.js';

export interface Install {
  /** Whether install scripts may run. */
  readonly scripts: boolean;
  /** Offline, everything comes from the cache that an earlier install filled. */
  readonly offline: boolean;
  readonly cache: string;
}

export interface Manager {
  readonly name: string;
  /** What stands before a script's name when it is run on Node.js. */
  readonly nodeArgs: (consumer: Consumer) => readonly string[];
  /** Installs the tarball and returns what was printed. */
  readonly install: (consumer: Consumer, how: Install) => Promise<string>;
}

/** A network namespace of its own has no interface but a loopback that is down: offline is then a fact. */
const canUnshare = spawnSync('unshare', ['-n', 'true']).status === 0;

async function program(consumer: Consumer, args: readonly string[], env: NodeJS.ProcessEnv, how: Install) {
  const isolated = how.offline && canUnshare;
  const command = [...(isolated ? ['unshare', '-n'] : []), process.execPath, ...args];
  // Each of them takes npm's registry from here, but for yarn 4.
  const all = { ...consumer.env, npm_config_registry: registry(), ...env };
  const { code, stdout, stderr } = await run(command[0] as string, command.slice(1), { cwd: consumer.dir, env: all });
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}\n${stdout}${stderr}`);
  return stdout + stderr;
}

const noArgs = (): readonly string[] => [];

const npm: Manager = {
  name: 'npm',
  nodeArgs: noArgs,
  install: (consumer, how) => {
    const flags = [`--ignore-scripts=${!how.scripts}`, ...(how.offline ? ['--offline'] : [])];
    const args = [npmProgram(), 'install', ...flags, '--no-audit', '--no-fund', tarball()];
    return program(consumer, args, { npm_config_cache: how.cache }, how);
  },
};

const pnpm: Manager = {
  name: 'pnpm',
  nodeArgs: noArgs,
  install: (consumer, how) => {
    const flags = [`--ignore-scripts=${!how.scripts}`, ...(how.offline ? ['--offline'] : [])];
    const env = { npm_config_store_dir: `${how.cache}/store`, npm_config_cache_dir: `${how.cache}/metadata` };
    return program(consumer, [toolFile('pnpm/bin/pnpm.cjs'), 'add', ...flags, tarball()], env, how);
  },
};

const yarn: Manager = {
  name: 'yarn 1',
  nodeArgs: noArgs,
  install: (consumer, how) => {
    const flags = [...(how.scripts ? [] : ['--ignore-scripts']), ...(how.offline ? ['--offline'] : [])];
    const args = [toolFile('yarn/bin/yarn.js'), 'add', ...flags, '--non-interactive', `file:${tarball()}`];
    return program(consumer, args, { YARN_CACHE_FOLDER: how.cache }, how);
  },
};

/** With Plug'n'Play: no node_modules, packages in archives but for those that ask to be unpacked. */
const yarnBerry: Manager = {
  name: "yarn 4, Plug'n'Play",
  nodeArgs: (consumer) => {
    const loader = consumer.path('.pnp.loader.mjs');
    const loading = existsSync(loader) ? ['--experimental-loader', pathToFileURL(loader).href] : [];
    return ['--require', consumer.path('.pnp.cjs'), ...loading, '--no-warnings'];
  },
  install: (consumer, how) => {
    const env = {
      YARN_NODE_LINKER: 'pnp',
      YARN_GLOBAL_FOLDER: how.cache,
      YARN_NPM_REGISTRY_SERVER: registry().replace(/\/$/, ''),
      YARN_ENABLE_SCRIPTS: how.scripts ? '1' : '0',
      YARN_ENABLE_OFFLINE_MODE: how.offline ? '1' : '0',
      // What it does by itself where it sees CI, or reports home.
      YARN_ENABLE_IMMUTABLE_INSTALLS: '0',
      YARN_ENABLE_HARDENED_MODE: '0',
      YARN_ENABLE_TELEMETRY: '0',
    };
    const args = [toolFile('@yarnpkg/cli-dist/bin/yarn.js'), 'add', `microtome@file:${tarball()}`];
    return program(consumer, args, env, how);
  },
};

export const managers: readonly Manager[] = [npm, pnpm, yarn, yarnBerry];
export { pnpm };
