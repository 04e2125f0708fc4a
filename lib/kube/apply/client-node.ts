/**
 * Credentials that only a program (`exec`) or a login service (`auth-provider`) gives, and proxies:
 * `@kubernetes/client-node` has all of them.
 */
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { MicrotomeError } from '../../core/errors.js';

/** What is used of the package. Its own types need packages of types that it does not bring. */
interface KubeConfig {
  loadFromString(text: string): void;
  makePathsAbsolute(folder: string): void;
  setCurrentContext(name: string): void;
  getCurrentCluster(): { readonly server: string } | null;
  applyToHTTPSOptions(options: RequestOptions): Promise<void>;
}

interface Wanted {
  /** The kubeconfig. */
  readonly text: string;
  /** Where it lies. */
  readonly folder: string;
  readonly context: string;
  /** What in it needs the package. */
  readonly what: string;
}

/** Throws RUNTIME_MISSING without the package, INVALID_OPTION where it cannot read the kubeconfig. */
export async function throughClient({ text, folder, context, what }: Wanted): Promise<() => Promise<RequestOptions>> {
  const config = await newConfig(what);
  try {
    config.loadFromString(text);
    config.makePathsAbsolute(folder);
    config.setCurrentContext(context);
  } catch {
    throw new MicrotomeError('INVALID_OPTION', 'options', 'the kubeconfig is no valid one');
  }
  return async () => {
    const options: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (cause) {
      // Not its message: it may hold what a program for credentials printed.
      const found = `the credentials of the kubeconfig (${what}) could not be had`;
      const name = cause instanceof Error ? cause.name : typeof cause;
      throw new MicrotomeError('INVALID_OPTION', 'options', found, {
        advice: 'check the user of the context',
        cause: name,
      });
    }
    const protocol = config.getCurrentCluster()?.server.split('//')[0];
    const agent = options.agent as { readonly protocol?: string } | undefined;
    if (agent?.protocol !== undefined && agent.protocol !== protocol) delete options.agent;
    return options;
  };
}

async function newConfig(what: string): Promise<KubeConfig> {
  await refuseUnloadable();
  try {
    // `as string`: the compiler does not look for the types of a package that need not be there.
    const { KubeConfig: Config } = (await import('@kubernetes/client-node' as string)) as {
      readonly KubeConfig: new () => KubeConfig;
    };
    return new Config();
  } catch (cause) {
    const found = `the kubeconfig uses ${what}, and the package @kubernetes/client-node, which reads it, is not installed or cannot be loaded`;
    throw new MicrotomeError('RUNTIME_MISSING', 'options', found, {
      cause,
      advice: 'npm install @kubernetes/client-node',
    });
  }
}

/** Version 2 needs Node.js 22.19. On an older one its import ends the process, whoever catches its error. */
export function unloadable(version: string | null, node: string): boolean {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const isNew = major > 22 || (major === 22 && minor >= 19);
  return !isNew && version !== null && !version.startsWith('1.');
}

async function refuseUnloadable(): Promise<void> {
  const [version, { node }] = [await installedVersion(), process.versions];
  if (!unloadable(version, node)) return;
  const found = `@kubernetes/client-node ${version} needs Node.js 22.19, this is ${node}`;
  throw new MicrotomeError('RUNTIME_MISSING', 'options', found, { advice: 'npm install @kubernetes/client-node@1' });
}

/** Null where the package is not there, or does not say. */
async function installedVersion(): Promise<string | null> {
  try {
    const main = import.meta.resolve('@kubernetes/client-node');
    const text = await readFile(new URL('../package.json', main), 'utf8');
    return (JSON.parse(text) as { readonly version?: string }).version ?? null;
  } catch {
    return null;
  }
}
