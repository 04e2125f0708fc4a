/**
 * The SDK reads an answer that is no object whole into memory: a page of a listing, or the text of an error. No honest one is
 * long, so that a long one is cut off.
 */
import { Transform, type Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';

/** A page has at most 1000 keys of 1024 bytes; in XML, with all that is said of each, that is far less. */
export const mostAnswerBytes: number = 16 * 1024 * 1024;
/** The name of the error of an answer that was cut off. Another try would bring as much again: there is none. */
export const answerTooLong = 'AnswerTooLong';

interface RawResponse {
  readonly statusCode?: number;
  body?: Readable;
}

function bounded(body: Readable): Readable {
  let total = 0;
  const limited = new Transform({
    transform(chunk: Buffer, _, done) {
      total += chunk.length;
      if (total <= mostAnswerBytes) return done(null, chunk);
      body.destroy();
      done(Object.assign(new Error('an answer without end'), { code: answerTooLong }));
    },
  });
  body.on('error', (error) => limited.destroy(error));
  body.pipe(limited);
  return limited;
}

export function boundAnswers(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const response = result.response as RawResponse;
      const isObject = context['commandName'] === 'GetObjectCommand' && (response.statusCode ?? 0) < 300;
      if (!isObject && typeof response.body?.pipe === 'function') response.body = bounded(response.body);
      return result;
    },
    // Nearer to the connection than what reads the answer.
    { step: 'deserialize', priority: 'low', name: 'boundAnswers' },
  );
}
