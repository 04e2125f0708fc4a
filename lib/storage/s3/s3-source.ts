/** s3Source: a slide in a bucket as a byte source. Its types are public, so they name nothing of the SDK. */
import { checkSourceOptions, type S3SourceOptions } from '../options.js';
import type { RemoteSource } from '../remote-source.js';
import { openS3, parseS3Address } from './open-s3.js';
import { S3Store } from './store.js';

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
