/** createClient: asks a server of the Open Inference Protocol. Needs `fetch` only. */

import { MicrotomeError } from '../core/errors.js';
import { inferBody, inferenceOf, type Inference, type InferOptions, type TensorInput } from './infer.js';
import {
  imageInputName,
  type ModelMetadata,
  type ServerMetadata,
  type SlideJob,
  type SlideScores,
} from './protocol.js';
import { jsonOf, strange, Transport, wait, type Asked, type ClientOptions } from './transport.js';

/** What images gave. */
export interface ImageScores {
  /** By name of the output: one value for each image, in order. */
  readonly outputs: ReadonlyMap<string, Float64Array>;
  /** What was found in images, or done to values: sentences. */
  readonly notes: readonly string[];
}

export interface SlideWait {
  /** Aborted: the job is cancelled on the server, too. */
  readonly signal?: AbortSignal;
  /** Called when the job is seen to have gone on. */
  readonly onProgress?: (job: SlideJob) => void;
  /** Milliseconds between two looks. Default 1000. */
  readonly pollMs?: number;
}

interface Call {
  readonly signal?: AbortSignal;
}

function modelPath(model: string): string {
  return `/v2/models/${encodeURIComponent(model)}`;
}

function cancelled(): MicrotomeError {
  return new MicrotomeError('CANCELLED', 'infer', 'the job over the slide was cancelled');
}

/** Asks one server. Made by {@link createClient}. */
export class InferenceClient {
  readonly #transport: Transport;

  constructor(url: string | URL, options: ClientOptions) {
    this.#transport = new Transport(url, options);
  }

  async #json(asked: Asked): Promise<object> {
    const value = jsonOf((await this.#transport.ask(asked)).body);
    if (typeof value === 'object' && value !== null) return value;
    throw strange('it is no object');
  }

  async #isWell(path: string, signal: AbortSignal | undefined): Promise<boolean> {
    // A proxy may answer for a server that is not there.
    const { status } = await this.#transport.ask({ method: 'GET', path, signal, expects: [400, 404, 502, 503, 504] });
    return status === 200;
  }

  /** Whether the server runs. Rejects with NETWORK where nobody answers. */
  isLive({ signal }: Call = {}): Promise<boolean> {
    return this.#isWell('/v2/health/live', signal);
  }

  /** Whether it takes requests. */
  isReady({ signal }: Call = {}): Promise<boolean> {
    return this.#isWell('/v2/health/ready', signal);
  }

  isModelReady(model: string, { signal }: Call = {}): Promise<boolean> {
    return this.#isWell(`${modelPath(model)}/ready`, signal);
  }

  async metadata({ signal }: Call = {}): Promise<ServerMetadata> {
    return (await this.#json({ method: 'GET', path: '/v2', signal })) as ServerMetadata;
  }

  async modelMetadata(model: string, { signal }: Call = {}): Promise<ModelMetadata> {
    return (await this.#json({ method: 'GET', path: modelPath(model), signal })) as ModelMetadata;
  }

  /**
   * Sends tensors as binary, and gets tensors. Works with other servers of the protocol that know the binary extension, such as
   * Triton.
   */
  async infer(model: string, inputs: readonly TensorInput[], options: InferOptions = {}): Promise<Inference> {
    const { signal } = options;
    const path = `${modelPath(model)}/infer`;
    return inferenceOf(await this.#transport.ask({ method: 'POST', path, ...inferBody(inputs, options), signal }));
  }

  /**
   * Scores images: the bytes of a JPEG or PNG file each. The values are those of `createImageScorer`. Rejects with NETWORK where
   * the server refuses one of them; its message names the image.
   */
  async inferImages(model: string, images: readonly Uint8Array[], options: InferOptions = {}): Promise<ImageScores> {
    const input = { name: imageInputName, shape: [images.length], datatype: 'BYTES', values: images } as const;
    const { outputs, notes } = await this.infer(model, [input], options);
    const byName = outputs.map(({ name, values }): [string, Float64Array] => {
      if (values instanceof Float64Array && values.length === images.length) return [name, values];
      throw strange(`${name} has not one number for each image`);
    });
    return { outputs: new Map(byName), notes };
  }

  /** Begins a job over a slide, which is named by its path in the server's folder of slides. */
  async startSlide(model: string, path: string, { signal }: Call = {}): Promise<SlideJob> {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ path });
    return (await this.#json({
      method: 'POST',
      path: `${modelPath(model)}/slides`,
      body,
      headers,
      signal,
    })) as SlideJob;
  }

  async slideJob(model: string, id: string, { signal }: Call = {}): Promise<SlideJob> {
    return (await this.#json({ method: 'GET', path: this.#slidePath(model, id), signal })) as SlideJob;
  }

  /** Ends a job, or has the server forget one that has ended. */
  async cancelSlide(model: string, id: string, { signal }: Call = {}): Promise<SlideJob> {
    return (await this.#json({ method: 'DELETE', path: this.#slidePath(model, id), signal })) as SlideJob;
  }

  #slidePath(model: string, id: string): string {
    return `${modelPath(model)}/slides/${encodeURIComponent(id)}`;
  }

  /**
   * Begins a job over a slide and waits for its end. Rejects with the code that the job failed with, with CANCELLED where
   * somebody else cancelled it, and with the reason of the signal.
   */
  async scoreSlide(
    model: string,
    path: string,
    { signal, onProgress, pollMs = 1000 }: SlideWait = {},
  ): Promise<SlideScores> {
    let job = await this.startSlide(model, path, signal === undefined ? {} : { signal });
    let seen = '';
    try {
      for (;;) {
        const now = JSON.stringify([job.state, job.progress]);
        if (now !== seen) onProgress?.(job);
        seen = now;
        if (job.state === 'done' && job.result !== null) return job.result;
        if (job.state === 'cancelled') throw cancelled();
        if (job.state === 'failed') throw failed(job);
        await wait(pollMs, signal);
        job = await this.slideJob(model, job.id, signal === undefined ? {} : { signal });
      }
    } catch (error) {
      if (signal?.aborted === true) await this.cancelSlide(model, job.id).catch(() => undefined);
      throw error;
    }
  }
}

function failed({ path, error }: SlideJob): MicrotomeError {
  const details = { name: 'MicrotomeError', code: error?.code, stage: 'infer', message: error?.message ?? '', path };
  return (
    MicrotomeError.from(details) ??
    new MicrotomeError('INTERNAL', 'infer', `the job failed with ${error?.code ?? 'no code'}: ${error?.message ?? ''}`)
  );
}

/**
 * A client of a server of the Open Inference Protocol (version 2): microtome's own, Triton or KServe.
 *
 * @throws {@link MicrotomeError} INVALID_OPTION for an address that is none.
 * @example
 * ```ts
 * const client = createClient('http://127.0.0.1:8080', { token });
 * const { outputs } = await client.inferImages('demo-lesion', [await readFile('lesion.jpg')]);
 * ```
 */
export function createClient(url: string | URL, options: ClientOptions = {}): InferenceClient {
  return new InferenceClient(url, options);
}
