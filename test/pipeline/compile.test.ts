/** The compiled pipeline: its bytes, its parameters, and what may be taken from a cache. */
import { describe, expect, it } from 'vitest';
import { MicrotomeError } from '../../lib/core/errors.js';
import { compilePipeline, parsePipeline, pipelineProblems, pipelineText } from '../../lib/pipeline/index.js';
import { fullParams, fullPipeline } from './support.js';

describe('compilePipeline', () => {
  it('gives the same bytes for the same parameters, and reads them back as they were', () => {
    const text = pipelineText(fullPipeline());
    expect(pipelineText(fullPipeline())).toBe(text);
    const back = parsePipeline(text);
    expect(back).toEqual(JSON.parse(JSON.stringify(fullPipeline())));
    expect(pipelineProblems(back)).toEqual([]);
    expect(text.split('\n---\n')).toHaveLength(2);
  });

  it('names the credentials and does not have them', () => {
    const { kubernetes } = fullPipeline();
    expect(kubernetes['exec-download']?.secretAsEnv).toEqual([
      {
        secretNameParameter: { runtimeValue: { constant: 'data-account' } },
        secretName: 'data-account',
        keyToEnv: [
          { secretKey: 'username', envVar: 'DATA_USER' },
          { secretKey: 'key', envVar: 'DATA_KEY' },
        ],
        optional: false,
      },
    ]);
  });

  it('lets the cache have only steps that leave nothing in a volume or a cluster', () => {
    const { specification, kubernetes } = fullPipeline();
    const cached = Object.entries(specification.root.dag.tasks).filter(([, task]) => task.cachingOptions?.enableCache);
    expect(cached.map(([name]) => name).sort()).toEqual(['check', 'model-digest', 'score']);
    for (const [name, task] of cached) {
      const mounts = kubernetes[`exec-${name}`]?.pvcMount ?? [];
      // What is read from a volume must be an input too: its digest.
      if (mounts.length > 0) expect(Object.keys(task.inputs?.parameters ?? {})).toContain('data_digest');
    }
    expect(specification.root.dag.tasks['score']?.inputs?.parameters).toHaveProperty('model_digest');
  });

  it('leaves out what is not asked for', () => {
    const { download: _, serving: __, ...rest } = fullParams();
    const volumes = { data: { create: false }, runs: { create: false }, models: { create: false } };
    const { specification, kubernetes } = compilePipeline({ ...rest, volumes });
    const names = ['check', 'digest', 'export', 'folds', 'index', 'model-digest', 'repository', 'score', 'train'];
    expect(Object.keys(specification.root.dag.tasks).sort()).toEqual(names);
    expect(kubernetes['exec-digest']?.pvcMount?.[0]?.pvcNameParameter).toEqual({
      componentInputParameter: 'data_volume',
    });
  });

  it.each([
    [{ nmae: 'x' }, /nmae: is not known; did you mean name\?/],
    [{ name: 'Lesions' }, /name: "Lesions", expected at most 41 lower-case letters/],
    [{ training: { epochs: 0 } }, /training\.epochs: 0, expected a whole number from 1/],
    [{ training: { operator: 'mpi' } }, /training\.operator: "mpi", expected one of pytorchjob, trainjob/],
    [
      { data: { images: '../x', metadata: 'b', testImages: 'c', sampleSubmission: 'd' } },
      /data\.images: "\.\.\/x", expected a path below the volume/,
    ],
    [{ labels: { team: 'a b' } }, /labels\.team: "a b", expected a value of a label/],
    [{ images: { tools: 'a', trainer: 'b' } }, /images\.server: is missing/],
  ])('refuses %j', (change, message) => {
    const compile = () => compilePipeline({ ...fullParams(), ...change });
    expect(compile).toThrow(message);
    expect(compile).toThrow(MicrotomeError);
  });
});
