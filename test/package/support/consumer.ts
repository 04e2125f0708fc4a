// A project that uses the packed microtome: an empty folder into which the tarball is installed as npm or pnpm would do it.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { type Ended, run } from './process.js';

/** The tarball under test, made by scripts/test-package.mjs. */
export function tarball(): string {
  const path = process.env['MICROTOME_TARBALL'];
  if (path === undefined) throw new Error('MICROTOME_TARBALL is not set: run npm run test:package');
  return path;
}

/** npm's own program file, beside the node that runs the tests. */
export function npmProgram(): string {
  const beside = process.env['npm_execpath'];
  if (beside?.endsWith('npm-cli.js')) return beside;
  const require = createRequire(join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'package.json'));
  return require.resolve('./bin/npm-cli.js');
}

/** The tests' environment without what npm sets for scripts: that would change how the inner npm behaves. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const dropped =
    /^(?:npm_(?!config_(?:registry|cache|userconfig|cafile))|NODE_OPTIONS|NODE_ENV|VITEST|INIT_CWD|MICROTOME_)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !dropped.test(name)));
}

export class Consumer {
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;

  private constructor(dir: string, env: NodeJS.ProcessEnv) {
    this.dir = dir;
    this.env = env;
  }

  /** `bare`: PATH holds node and npm alone, so that no compiler, make, Python or shell tool can be found. */
  static async create(options: { bare?: boolean; type?: 'module' | 'commonjs' } = {}): Promise<Consumer> {
    const dir = await mkdtemp(join(tmpdir(), 'microtome-consumer-'));
    const env = plainEnvironment();
    if (options.bare === true) {
      const bin = join(dir, '.bin');
      await mkdir(bin);
      await symlink(process.execPath, join(bin, 'node'));
      await symlink(npmProgram(), join(bin, 'npm'));
      env['PATH'] = bin;
      delete env['CC'];
      delete env['CXX'];
    }
    const consumer = new Consumer(dir, env);
    await consumer.write(
      'package.json',
      JSON.stringify({ name: 'consumer', private: true, type: options.type ?? 'module' }),
    );
    return consumer;
  }

  path(...parts: readonly string[]): string {
    return join(this.dir, ...parts);
  }

  async write(name: string, text: string): Promise<string> {
    const path = this.path(name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return path;
  }

  /** Runs a script; `program` is another node than the one of the tests. */
  node(args: readonly string[], env: NodeJS.ProcessEnv = {}, program = process.execPath): Promise<Ended> {
    return run(program, args, { cwd: this.dir, env: { ...this.env, ...env } });
  }

  /** npm install of these packages, install scripts blocked. */
  async install(...packages: readonly string[]): Promise<void> {
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
    const options = ['--ignore-scripts', '--save-exact', '--prefer-offline', ...quiet];
    const ended = await this.node([npmProgram(), 'install', ...options, ...packages]);
    if (ended.code !== 0) throw new Error(`npm install ${packages.join(' ')} failed\n${ended.stdout}${ended.stderr}`);
  }

  /** Version of the package that lies at this path below node_modules; null when there is none. */
  versionOf(path: string): string | null {
    const manifest = this.path('node_modules', path, 'package.json');
    if (!existsSync(manifest)) return null;
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
  }

  async remove(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}
