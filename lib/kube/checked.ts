/** What every builder does at its end: what a cluster would refuse is never given away. */
import { MicrotomeError } from '../core/errors.js';
import { checkManifest, type CheckManifestOptions } from './checks/check-manifest.js';
import type { Problem } from './checks/rules.js';
import type { KubeObject } from './objects.js';

/** Throws INVALID_OPTION with every problem that is an error. */
export function checked<T extends KubeObject>(object: T, options?: CheckManifestOptions): T {
  refuseProblems(object, checkManifest(object, options));
  return object;
}

/** Throws INVALID_OPTION where a problem is an error. */
export function refuseProblems({ kind }: { readonly kind: string }, problems: readonly Problem[]): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const lines = errors.map(({ rule, path, message }) => `${path === '' ? kind : path} ${message} (${rule})`);
  throw new MicrotomeError('INVALID_OPTION', 'options', `${kind}: ${lines.join('; ')}`, {
    advice: 'correct what is named',
  });
}

/** Throws INVALID_OPTION for an object that holds a credential, whoever made it. */
export function refuseCredentials(object: KubeObject): void {
  refuseProblems(
    object,
    checkManifest(object).filter(({ rule }) => rule === 'literal-credential'),
  );
}
