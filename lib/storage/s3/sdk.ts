/** The AWS SDK, which is loaded when an s3 address is used for the first time, and need not be installed before. */
import type { S3Client } from '@aws-sdk/client-s3';
import { MicrotomeError } from '../../core/errors.js';
import { boundAnswers } from './bounded-answers.js';
import type { S3Credentials, S3StoreOptions } from '../options.js';

export type Sdk = typeof import('@aws-sdk/client-s3');

/** Throws RUNTIME_MISSING. */
export async function loadSdk(): Promise<Sdk> {
  try {
    return await import('@aws-sdk/client-s3');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException | null)?.code ?? 'it cannot be loaded';
    throw new MicrotomeError(
      'RUNTIME_MISSING',
      'slide',
      `s3:// addresses need the package @aws-sdk/client-s3 (${reason})`,
      {
        advice: 'npm install @aws-sdk/client-s3',
      },
    );
  }
}

/** More than requests that are allowed: the SDK warns where requests wait for sockets. */
const kMostSockets = 2048;
const kConnectMs = 10_000;

/** Tries are counted and repeated by retry.ts, so that all stores are treated alike. */
export async function makeClient(sdk: Sdk, o: S3StoreOptions): Promise<S3Client> {
  const { endpoint, credentials } = o;
  const region = o.region ?? (endpoint === undefined ? undefined : 'us-east-1');
  const agent = { maxSockets: kMostSockets, keepAlive: true };
  const client = new sdk.S3Client({
    maxAttempts: 1,
    // Stores that are not Amazon's do not know all of the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    customUserAgent: 'microtome',
    requestHandler: { connectionTimeout: kConnectMs, httpAgent: agent, httpsAgent: agent },
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: o.pathStyle ?? true }),
    ...(o.pathStyle === undefined ? {} : { forcePathStyle: o.pathStyle }),
    ...(credentials === undefined
      ? {}
      : { credentials: typeof credentials === 'function' ? asked(credentials) : credentials }),
    // Unsigned: as the request is, with keys that nobody looks at.
    ...(o.anonymous === true
      ? { signer: { sign: async (request) => request }, credentials: { accessKeyId: 'none', secretAccessKey: 'none' } }
      : {}),
  });
  boundAnswers(client);
  return client;
}

/** What the function fails with may hold what it was about to give. */
function asked(credentials: () => Promise<S3Credentials>): () => Promise<S3Credentials> {
  return async () => {
    try {
      return await credentials();
    } catch {
      throw Object.assign(new Error('no credentials'), { name: 'CredentialsProviderError' });
    }
  };
}

/** An endpoint may also come from the environment or a profile; the type of the client does not say that it has this one. */
interface EndpointConfig {
  readonly serviceConfiguredEndpoint?: () => Promise<string | undefined>;
}

/** Which store the client asks: the address of its service, or a region of AWS. Rejects where the region is not known. */
export async function placeOf({ config }: S3Client): Promise<string> {
  if (config.endpoint !== undefined) {
    const { protocol, hostname, port, path } = await config.endpoint();
    return `${protocol}//${hostname}:${port ?? ''}${path}`;
  }
  const configured = await (config as EndpointConfig).serviceConfiguredEndpoint?.();
  return configured ?? `aws ${await config.region()}`;
}
