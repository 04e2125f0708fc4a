/** s3Source: a slide in a bucket as a byte source. */
import { MicrotomeError } from '../../core/errors.js';
import { isFolderAddress, parseAddress, type S3Address } from '../address.js';
import { openSource, type OpenRules } from '../open-source.js';
import { checkSourceOptions, type S3SourceOptions } from '../options.js';
import type { RemoteSource } from '../remote-source.js';
import { S3Transport } from './s3-transport.js';
import { S3Store } from './store.js';

/** Throws INVALID_OPTION. */
export function parseS3Address(given: string | URL): S3Address {
  const address = parseAddress(given);
  if (address.kind === 's3' && !isFolderAddress(address)) return address;
  const advice = address.kind === 's3' ? 'name an object of it' : 'pass it to httpSource()';
  const found = `${address.shown} is ${address.kind === 's3' ? 'a bucket or a folder of one' : 'no s3 address'}`;
  throw new MicrotomeError('INVALID_OPTION', 'options', found, { path: address.shown, advice });
}

/**
 * A slide in a bucket of S3, or of a store that speaks its protocol, read in ranges as {@link httpSource} reads. Credentials
 * and region come from where the AWS SDK finds them (environment, profile, role of the machine), unless they are given. When
 * credentials were refused they are looked for once more. Needs the package `@aws-sdk/client-s3`.
 *
 * @throws {@link MicrotomeError} what httpSource throws, and RUNTIME_MISSING without `@aws-sdk/client-s3`
 * @example
 * ```ts
 * const source = await s3Source('s3://slides/case-7.svs', { region: 'eu-central-1' });
 * const result = await scoreSlide(source, { model: 'demo' });
 * ```
 */
export async function s3Source(address: string | URL, options: S3SourceOptions = {}): Promise<RemoteSource> {
  checkSourceOptions(options, 's3');
  return openS3(parseS3Address(address), new S3Store(options, options.requests), options);
}

export function openS3(address: S3Address, store: S3Store, rules: OpenRules): Promise<RemoteSource> {
  return openSource(address, new S3Transport(store, address), store.limiter, rules);
}
