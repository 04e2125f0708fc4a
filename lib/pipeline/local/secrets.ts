/** Secrets of a local run: a file of the user's that stands for the Secrets of the cluster. */
import { MicrotomeError } from '../../core/errors.js';
import type { SecretMount } from '../ir/types.js';
import { ShapeError, record, text, type Reader } from '../shape.js';

/** Values by the name of the Secret and the key in it. */
export type LocalSecrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

const readSecretsFile: Reader<LocalSecrets> = record(record(text()));

/** Reads the content of a secrets file. Throws INVALID_OPTION; no value is ever in the message. */
export function readSecrets(content: string, path: string): LocalSecrets {
  const expected = 'expected JSON such as {"data-account": {"key": "…"}}';
  const refuse = (found: string): never => {
    throw new MicrotomeError('INVALID_OPTION', 'options', `the secrets file ${found}; ${expected}`, { path });
  };
  let given: unknown;
  try {
    given = JSON.parse(content);
  } catch {
    // What a parser says of the text may hold a part of a value.
    refuse('is no JSON');
  }
  try {
    return readSecretsFile(given, '');
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return refuse(`has no text at ${error.at === '' ? 'its top' : error.at}`);
  }
}

export const valuesOf = (secrets: LocalSecrets): readonly string[] =>
  Object.values(secrets).flatMap((keys) => Object.values(keys));

/** The variables that a step gets from Secrets. Throws INVALID_OPTION for a Secret or a key that the file has not. */
export function secretVariables(
  mounts: readonly SecretMount[],
  secrets: LocalSecrets,
  nameOf: (mount: SecretMount) => string,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const mount of mounts) {
    const name = nameOf(mount);
    const keys = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
    for (const { secretKey, envVar } of mount.keyToEnv) {
      const value = keys !== undefined && Object.hasOwn(keys, secretKey) ? keys[secretKey] : undefined;
      if (value !== undefined) variables[envVar] = value;
      else if (mount.optional !== true) {
        const found = keys === undefined ? `has no Secret ${name}` : `has no key ${secretKey} in ${name}`;
        throw new MicrotomeError('INVALID_OPTION', 'options', `the secrets file ${found}`, {
          advice: 'add it to the file of --secrets',
        });
      }
    }
  }
  return variables;
}
