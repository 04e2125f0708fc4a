/** Where the AWS SDK is not installed, an s3 address says what to install; all else works. */
import { expect, it, vi } from 'vitest';
import { openSlide, scoreDirectory } from '../../lib/index.js';
import { failureOf } from './support.js';

vi.mock('@aws-sdk/client-s3', () => {
  throw new Error('Cannot find package');
});

it('says which package is missing', async () => {
  for (const work of [
    openSlide('s3://bucket/a.tif'),
    scoreDirectory('s3://bucket/folder/', { model: 'demo' }).done,
    scoreDirectory(['s3://bucket/a.tif'], { model: 'demo', onError: 'skip' }).done,
    scoreDirectory(['a.tif'], { model: 'demo', output: 's3://bucket/a.csv' }).done,
  ]) {
    const error = await failureOf(work);
    expect(error.code).toBe('RUNTIME_MISSING');
    expect(error.message).toContain('npm install @aws-sdk/client-s3');
  }
});
