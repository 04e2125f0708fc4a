/**
 * A slide at an address: opened when it is needed, and each time anew, so that a run over many addresses holds none of them
 * open. Objects of one store are asked for through one client and one limit of requests.
 */
import { createHash } from 'node:crypto';
import { parseAddress, type RemoteAddress } from './address.js';
import { httpTransport, openHttp } from './http/http-source.js';
import { identityOf, lookAtObject } from './open-source.js';
import type { StorageSettings } from './options.js';
import type { OpenedObject } from './ranged-reader.js';
import type { RemoteSource } from './remote-source.js';
import { openS3 } from './s3/open-s3.js';
import { S3Transport } from './s3/s3-transport.js';
import { limiterOf, storeOf } from './stores.js';
import type { Transport } from './transport.js';

/** What is known of an object without its bytes. */
export interface ObjectFacts {
  readonly size: number;
  readonly etag: string | null;
  readonly modifiedMs: number | null;
}

export class RemoteSlide {
  /** Without what may be secret in the address. */
  readonly name: string;

  constructor(
    readonly address: RemoteAddress,
    /** The ETag that the object was listed with; null: any. */
    private readonly etag: string | null = null,
  ) {
    this.name = address.shown;
  }

  /** Throws INVALID_OPTION. */
  static of(given: string | URL): RemoteSlide {
    return new RemoteSlide(parseAddress(given));
  }

  /** The same object, which must have this ETag. */
  versioned(etag: string | null): RemoteSlide {
    return new RemoteSlide(this.address, etag);
  }

  /** `headBytes`: of the first request, where it is not to be that of a slide. Throws what httpSource and s3Source throw. */
  open(settings: StorageSettings | null, signal: AbortSignal | null, headBytes?: number): Promise<RemoteSource> {
    const rules = {
      ...(settings?.cacheFolder == null ? {} : { cache: cacheOf(settings) }),
      ...(settings?.retries == null ? {} : { retries: settings.retries }),
      ...(signal === null ? {} : { signal }),
      etag: this.etag,
      headBytes,
    };
    const { address } = this;
    if (address.kind === 'http') return openHttp(address, rules, limiterOf(settings, address.url.origin));
    return openS3(address, storeOf(settings), rules);
  }

  /** What the object is, for one byte. */
  async look(settings: StorageSettings | null, signal: AbortSignal | null): Promise<ObjectFacts> {
    const { size, validator, modifiedMs } = await this.#look(settings, signal);
    return { size, modifiedMs, etag: validator.kind === 'etag' ? validator.value : null };
  }

  /** What tells it from every other object, without its version. A secret. Throws NETWORK, INVALID_OPTION, RUNTIME_MISSING. */
  identity(settings: StorageSettings | null): Promise<string> {
    return identityOf(this.address, this.#transport(settings));
  }

  #transport(settings: StorageSettings | null): Transport {
    const { address } = this;
    return address.kind === 'http' ? httpTransport(address, {}) : new S3Transport(storeOf(settings), address);
  }

  async #look(settings: StorageSettings | null, signal: AbortSignal | null): Promise<Omit<OpenedObject, 'head'>> {
    const { address } = this;
    const rules = { signal, ...(settings?.retries == null ? {} : { retries: settings.retries }) };
    const limiter = address.kind === 'http' ? limiterOf(settings, address.url.origin) : storeOf(settings).limiter;
    return lookAtObject(this.#transport(settings), limiter, rules);
  }
}

function cacheOf({ cacheFolder, cacheBytes }: StorageSettings) {
  return { folder: cacheFolder as string, ...(cacheBytes == null ? {} : { maxBytes: cacheBytes }) };
}

/** What must not change between a run and its resumption, in the terms of a file: decimal numbers of at most 64 bits. */
export interface ObjectIdentity {
  readonly size: string;
  readonly mtimeNs: string;
  /** Of the ETag: 60 bits of its hash. */
  readonly inode: string;
  /** Of shards on several machines, which do not compare inodes. */
  readonly etagDigest?: string;
}

export function objectIdentity({ size, etag, modifiedMs }: ObjectFacts): ObjectIdentity {
  const digest = etag === null ? null : createHash('sha256').update(etag).digest('hex').slice(0, 32);
  return {
    size: String(size),
    mtimeNs: String(BigInt(modifiedMs ?? 0) * 1_000_000n),
    inode: String(BigInt(`0x${digest?.slice(0, 15) ?? '0'}`)),
    ...(digest === null ? {} : { etagDigest: digest }),
  };
}
