/** Opens an object of a store that is known already. */
import { MicrotomeError } from '../../core/errors.js';
import { isFolderAddress, parseAddress, type S3Address } from '../address.js';
import { openSource, type OpenRules } from '../open-source.js';
import type { RemoteSource } from '../remote-source.js';
import { S3Transport } from './s3-transport.js';
import type { S3Store } from './store.js';

/** Throws INVALID_OPTION. */
export function parseS3Address(given: string | URL): S3Address {
  const address = parseAddress(given);
  if (address.kind === 's3' && !isFolderAddress(address)) return address;
  const advice = address.kind === 's3' ? 'name an object of it' : 'pass it to httpSource()';
  const found = `${address.shown} is ${address.kind === 's3' ? 'a bucket or a folder of one' : 'no s3 address'}`;
  throw new MicrotomeError('INVALID_OPTION', 'options', found, { path: address.shown, advice });
}

export function openS3(address: S3Address, store: S3Store, rules: OpenRules): Promise<RemoteSource> {
  return openSource(address, new S3Transport(store, address), store.limiter, rules);
}
