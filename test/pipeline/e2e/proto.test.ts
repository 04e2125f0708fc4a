/** The official protocol buffers and the official SDK take our pipelines, and refuse changes that our checker refuses. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compilePipeline, pipelineText } from '../../../lib/pipeline/index.js';
import { fullParams } from '../support.js';
import { kfpPython, root, run, scratch } from './support.js';

/** What the official messages say against each text. */
async function problemsOf(texts: readonly string[]): Promise<readonly string[]> {
  const folder = scratch();
  mkdirSync(folder, { recursive: true });
  const paths = texts.map((text, i) => {
    const path = join(folder, `${i}.yaml`);
    writeFileSync(path, text);
    return path;
  });
  const { stdout } = await run(kfpPython, [join(root, 'test/pipeline/proto/check.py'), ...paths]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string);
}

describe('the official messages', () => {
  it('take pipelines with and without every part', async () => {
    const { download: _, serving: __, ...rest } = fullParams();
    const kept = { data: { create: false }, runs: { create: false }, models: { create: false, claim: 'm' } };
    const variants = [
      fullParams(),
      rest,
      { ...fullParams(), volumes: kept },
      { ...fullParams(), training: { operator: 'trainjob', nodes: 4, gpusPerNode: 8 }, namespace: 'team' },
      { ...fullParams(), volumes: { data: { storageClass: 'longhorn', accessMode: 'ReadWriteOnce' } } },
    ];
    expect(await problemsOf(variants.map((one) => pipelineText(compilePipeline(one))))).toEqual(variants.map(() => ''));
  });

  const changes: readonly [string, string, string][] = [
    ['dependentTasks:', 'dependantTasks:', 'ParseError'],
    ['componentRef:', 'component:', 'ParseError'],
    ['executorLabel:', 'executor:', 'ParseError'],
    ['enableCache: true', 'enableCache: sometimes', 'ParseError'],
    ['parameterType: STRING', 'parameterType: TEXT', 'ParseError'],
    ['maxRetryCount: 2', 'maxRetryCount: many', 'ParseError'],
    ['backoffDuration: 30s', 'backoffDuration: soon', 'ParseError'],
    ['pvcMount:', 'pvcMounts:', 'ParseError'],
    ['secretAsEnv:', 'secretsAsEnv:', 'ParseError'],
    ['envVar: DATA_KEY', 'environment: DATA_KEY', 'ParseError'],
    ['      container:', '      containers:', 'ParseError'],
  ];
  it('refuse what is misspelt or of another type', async () => {
    const text = pipelineText(compilePipeline(fullParams()));
    for (const [from] of changes) expect(text).toContain(from);
    const found = await problemsOf(changes.map(([from, to]) => text.replaceAll(from, to)));
    expect(found.map((problem) => problem.split(':')[0])).toEqual(changes.map(([, , kind]) => kind));
  });
});
