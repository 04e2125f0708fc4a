/** microtome pipeline compile: parameters become a pipeline file. */
import { MicrotomeError } from '../../../index.js';
import { pathOf } from '../../../core/file-url.js';
import { compilePipeline, pipelineText } from '../../../pipeline/index.js';
import type { CommandSpec, ParsedArgs } from '../../args.js';
import { exitCode } from '../../exit-codes.js';
import type { CliIo } from '../../io.js';
import { onePositional } from '../../positionals.js';
import { isThere, writeFileWhole } from '../../write-file.js';
import { jsonOf } from './files.js';

export const compileSpec: CommandSpec = {
  name: 'pipeline compile',
  positionals: '<parameters.json>',
  summary:
    'Write a pipeline for Kubeflow Pipelines: fetch data, train, export, write a model repository, deploy, score, check the table.',
  options: {
    out: { kind: 'text', value: 'F.yaml', help: 'the file to write (default: stdout)' },
    overwrite: { kind: 'flag', help: 'replace the file' },
  },
  notes: ['docs/guide/pipeline.md has all parameters. The same parameters give the same bytes.'],
};

export async function compile(args: ParsedArgs, io: CliIo): Promise<number> {
  const path = onePositional(args, compileSpec, 'a file of parameters');
  const text = pipelineText(compilePipeline(await jsonOf(path, 'the file of parameters'), path));
  const given = args.text('out');
  if (given === undefined) {
    io.stdout.write(text);
    return exitCode.ok;
  }
  const out = pathOf(given);
  if (!args.flag('overwrite') && (await isThere(out)))
    throw new MicrotomeError('OUTPUT_EXISTS', 'options', `${out} is there already`, {
      path: out,
      advice: 'choose another name, or pass --overwrite',
    });
  await writeFileWhole(out, Buffer.from(text));
  return exitCode.ok;
}
