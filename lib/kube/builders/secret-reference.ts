/** Secrets are named, never made: their values are in no manifest. */
import { MicrotomeError } from '../../core/errors.js';
import { looksLikeCredential } from '../checks/credential-words.js';
import type { EnvVar } from '../objects.js';
import { secretEnv, type SecretKey } from '../pod.js';

const kName = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const kKey = /^[\w.-]{1,253}$/;

/**
 * Reads `SECRET/KEY`, the key KEY of the Secret SECRET. Throws INVALID_OPTION, without the text, since somebody may have
 * written the credential itself.
 */
export function parseSecretKey(text: string): SecretKey {
  const [secret = '', key = '', ...more] = text.split('/');
  if (more.length > 0 || !kName.test(secret) || !kKey.test(key) || looksLikeCredential(text)) {
    const found =
      'a reference to a Secret is not of the form SECRET/KEY (it is not shown, since it may be a credential)';
    const advice = 'name the Secret and its key, such as kaggle/username; never the value';
    throw new MicrotomeError('INVALID_OPTION', 'options', found, { advice });
  }
  return { secret, key };
}

/**
 * Variables that take their values from one Secret: for each variable its key. The Secret is made by somebody who may know
 * the values, with `kubectl create secret generic NAME --from-file=…`. Throws INVALID_OPTION where a name is not one.
 *
 * @example
 * ```ts
 * const env = secretReference('kaggle-secret', { KAGGLE_USERNAME: 'username', KAGGLE_KEY: 'key' });
 * ```
 */
export function secretReference(secret: string, keys: Readonly<Record<string, string>>): EnvVar[] {
  const entries = Object.entries(keys).map(([name, key]) => [name, parseSecretKey(`${secret}/${key}`)] as const);
  return secretEnv(Object.fromEntries(entries));
}
