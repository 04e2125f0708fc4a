/** A model that is not there: what was probably meant. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel, MicrotomeError } from '../../lib/index.js';
import { temporaryFolder } from './support/bundle.js';

async function failureOf(ref: string): Promise<MicrotomeError> {
  const error: unknown = await loadModel(ref).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof MicrotomeError) return error;
  throw new Error(`${ref} was to be refused by us`);
}

describe('a model that is not there', () => {
  it.each(['demmo', 'Demo', 'dmeo', 'demo1'])('%s: did you mean demo?', async (ref) => {
    expect(await failureOf(ref)).toMatchObject({ code: 'FILE_NOT_FOUND', stage: 'infer', path: ref });
    expect((await failureOf(ref)).advice).toBe("did you mean 'demo'?");
  });

  it('whose name is like nothing: what a model may be', async () => {
    const error = await failureOf('qqqqqqqqqqqq');
    expect(error.advice).toContain('built-in name: demo');
    expect(error.message).toContain('the model qqqqqqqqqqqq does not exist');
  });

  it('beside one of nearly the same name: that one, by its path', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'melanoma'));
    writeFileSync(join(folder, 'classifier.onnx'), 'x');
    writeFileSync(join(folder, 'readmes.txt'), 'x');
    expect((await failureOf(join(folder, 'melanma'))).advice).toBe(`did you mean '${join(folder, 'melanoma')}'?`);
    const onnx = await failureOf(join(folder, 'clasifier.onnx'));
    expect(onnx.advice).toBe(`did you mean '${join(folder, 'classifier.onnx')}'?`);
    expect((await failureOf(join(folder, 'readme.txt'))).advice).not.toContain('did you mean');
  });

  it('in a folder that is not there either', async () => {
    expect(await failureOf('/nowhere/at/all/model.onnx')).toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});
