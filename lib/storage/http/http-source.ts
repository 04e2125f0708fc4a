/** httpSource: a slide behind HTTP as a byte source. */
import { MicrotomeError } from '../../core/errors.js';
import { parseAddress, type HttpAddress } from '../address.js';
import { Limiter } from '../limiter.js';
import { openSource, type OpenRules } from '../open-source.js';
import { checkSourceOptions, defaultRequests, type HttpSourceOptions } from '../options.js';
import type { RemoteSource } from '../remote-source.js';
import { HttpTransport, lowerCased } from './http-transport.js';

/** Throws INVALID_OPTION. */
export function parseHttpAddress(given: string | URL): HttpAddress {
  const address = parseAddress(given);
  if (address.kind === 'http') return address;
  throw new MicrotomeError('INVALID_OPTION', 'options', `${address.shown} is no http or https address`, {
    path: address.shown,
    advice: 'pass it to s3Source()',
  });
}

/**
 * A slide behind `https://` or `http://`, read in ranges. The first request fetches the first 64 KiB; what is read later is
 * checked to be of the same version (ETag, or Last-Modified), and an object that was replaced meanwhile is an error. Requests
 * that fail are sent again. What is behind the question mark of an address is in no result, message or file.
 *
 * Addresses without headers need no source: {@link scoreSlide} and its like take them as they are.
 *
 * @throws {@link MicrotomeError} NETWORK (the server, its answer, or no access; a server that knows no ranges), FILE_NOT_FOUND
 * (404), FILE_UNREADABLE (the object was replaced), NOT_A_SLIDE (an empty object), INVALID_OPTION
 * @example
 * ```ts
 * const source = await httpSource('https://example.org/slide.tif', { headers: { authorization: `Bearer ${token}` } });
 * const result = await scoreSlide(source, { model: 'demo' });
 * ```
 */
export async function httpSource(url: string | URL, options: HttpSourceOptions = {}): Promise<RemoteSource> {
  checkSourceOptions(options, 'http');
  return openHttp(parseHttpAddress(url), options, new Limiter(options.requests ?? defaultRequests));
}

export function openHttp(
  address: HttpAddress,
  options: HttpSourceOptions & Pick<OpenRules, 'etag' | 'clock' | 'headBytes'>,
  limiter: Limiter,
): Promise<RemoteSource> {
  return openSource(address, httpTransport(address, options), limiter, options);
}

export function httpTransport(address: HttpAddress, { headers = {}, access }: HttpSourceOptions): HttpTransport {
  return new HttpTransport(address, lowerCased(headers), access ?? null, parseHttpAddress);
}
