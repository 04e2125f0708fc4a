/** The errors of pipelines. */
import { MicrotomeError, type ErrorDetails } from '../core/errors.js';
import { ShapeError } from './shape.js';

/** A pipeline file, or what it is made from, that cannot be used. */
export function pipelineInvalid(found: string, details: ErrorDetails = {}): MicrotomeError {
  return new MicrotomeError('PIPELINE_INVALID', 'options', found, details);
}

/** Runs a reader; its complaint becomes an error that names `what`. */
export function reading<T>(what: string, details: ErrorDetails, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ShapeError) throw pipelineInvalid(`${what}: ${error.message}`, details);
    throw error;
  }
}
