/** The worker thread that writes the files of one slide: gets the data, answers with what went wrong, and ends. */
import { parentPort } from 'node:worker_threads';
import { MicrotomeError, type ErrorJson } from '../core/errors.js';
import { writeSlideJob, type SlideJob } from './slide-job.js';

/** What the worker answers: `failed` is the JSON of an error of ours. */
export type FilesAnswer = { readonly done: true } | { readonly failed: ErrorJson } | { readonly unknown: string };

async function answer(job: SlideJob): Promise<FilesAnswer> {
  try {
    await writeSlideJob(job);
    return { done: true };
  } catch (error) {
    if (error instanceof MicrotomeError) return { failed: error.toJSON() };
    return { unknown: error instanceof Error ? String(error.stack) : String(error) };
  }
}

parentPort?.once('message', async (job: SlideJob) => parentPort?.postMessage(await answer(job)));
