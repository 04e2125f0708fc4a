/** Manifests as text. */
import { LineCounter, parseAllDocuments, stringify } from 'yaml';
import { MicrotomeError } from '../core/errors.js';
import { printable } from '../core/printable.js';
import { refuseCredentials } from './checked.js';
import type { KubeObject } from './objects.js';

/**
 * The objects as YAML documents, in their order, for `kubectl apply -f -`. The same objects give the same text. Throws
 * INVALID_OPTION for an object that holds a credential.
 *
 * @example
 * ```ts
 * const text = toYaml([volumeClaim({ run: 'isic-1', name: 'isic-data', size: '8Gi' })]);
 * ```
 */
export function toYaml(objects: readonly KubeObject[]): string {
  for (const object of objects) refuseCredentials(object);
  // A long argument stays on one line, and no part is written as a reference to another.
  // kubectl and others read YAML 1.1, in which on, yes, y and 1_000 are no text without quotes.
  const written = { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' } as const;
  return objects.map((object) => `---\n${stringify(object, written)}`).join('');
}

/** A file of manifests may be so large. */
const kMaxBytes = 4 * 2 ** 20;
const kMaxDocuments = 1000;

/**
 * The documents of a YAML or JSON text, unchecked: give each to `checkManifest`. `path` is for messages. Throws
 * INVALID_OPTION for what is no YAML, for more than 4 MiB, and for more than 1000 documents.
 */
export function fromYaml(text: string, path?: string): readonly unknown[] {
  const refuse = (found: string): never => {
    throw new MicrotomeError('INVALID_OPTION', 'options', found, { path, advice: 'correct the manifest' });
  };
  if (Buffer.byteLength(text) > kMaxBytes) refuse(`the manifests have more than ${kMaxBytes} bytes`);
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (documents.length > kMaxDocuments) refuse(`the manifests have more than ${kMaxDocuments} documents`);
  const values: unknown[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    // The message of the parser may quote a line, and that may hold a credential: the code says enough.
    if (error !== undefined) refuse(`line ${lines.linePos(error.pos[0]).line} is no YAML (${printable(error.code)})`);
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: 100 });
    } catch {
      refuse('an alias in the manifests stands for too much');
    }
    if (value !== null && value !== undefined) values.push(value);
  }
  return values;
}
