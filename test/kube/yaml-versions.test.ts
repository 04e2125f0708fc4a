/** What is written as YAML is the same for readers of YAML 1.2 and of YAML 1.1, such as kubectl and PyYAML. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { pyTorchJob, toYaml } from '../../lib/kube/index.js';
import { pipelineText } from '../../lib/pipeline/index.js';
import { pipelineOf, stepOf } from '../pipeline/local-support.js';

const words = [
  'on',
  'Off',
  'yes',
  'NO',
  'y',
  'n',
  'true',
  'null',
  '~',
  '1_000',
  '0b11',
  '0o7',
  '017',
  '1:30',
  '2026-01-02',
  '.5',
  '1e3',
  '',
];
const job = pyTorchJob({ run: 'on', image: 'a:1', command: ['main', ...words.filter((word) => word !== '')] });
const text = toYaml([job]);
const pipeline = pipelineText(pipelineOf([stepOf('s', '', words)]));
const python = spawnSync('python3', ['-c', 'import yaml'], { timeout: 60_000 });

const commandOf = (read: unknown): unknown =>
  (read as typeof job).spec.pytorchReplicaSpecs.Master.template.spec.containers[0]?.command;

describe('YAML', () => {
  it.each(['1.1', '1.2'] as const)('is read as it was meant by readers of version %s', (version) => {
    expect(parse(text, { version })).toEqual(job);
    expect(commandOf(parse(text, { version }))).toEqual(commandOf(job));
    const [first] = parseAllDocuments(pipeline, { version }).map((document) => document.toJS() as unknown);
    expect(JSON.stringify(first)).toContain(JSON.stringify(words));
  });

  it.skipIf(python.status !== 0)('is read as it was meant by PyYAML', () => {
    const code = 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))';
    const { stdout } = spawnSync('python3', ['-c', code], {
      input: `${text}---\n${pipeline}`,
      encoding: 'utf8',
      timeout: 60_000,
    });
    const [first, second] = JSON.parse(stdout) as readonly unknown[];
    expect(first).toEqual(job);
    const read = second as { deploymentSpec: { executors: Record<string, { container: { args: unknown } }> } };
    expect(Object.values(read.deploymentSpec.executors)[0]?.container.args).toEqual(words);
  });
});
