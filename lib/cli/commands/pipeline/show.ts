/** microtome pipeline: what a pipeline file does, once it is checked. */
import { checkPipeline, orderOf, type PipelineIr } from '../../../pipeline/index.js';
import type { CommandSpec, ParsedArgs } from '../../args.js';
import { exitCode } from '../../exit-codes.js';
import type { CliIo } from '../../io.js';
import { onePositional } from '../../positionals.js';
import { printable, table } from '../../text.js';
import { pipelineOf } from './files.js';

export const pipelineSpec: CommandSpec = {
  name: 'pipeline',
  positionals: '<pipeline.yaml>',
  summary: 'Check a pipeline file, and show its steps in their order and its parameters.',
  options: { json: { kind: 'flag', help: 'print one line of JSON' } },
};

export async function pipeline(args: ParsedArgs, io: CliIo): Promise<number> {
  const path = onePositional(args, pipelineSpec, 'a pipeline file');
  const found = await pipelineOf(path);
  checkPipeline(found, path);
  const { names } = orderOf(found.specification.root.dag.tasks);
  const parameters = found.specification.root.inputDefinitions?.parameters ?? {};
  const { name } = found.specification.pipelineInfo;
  io.stdout.write(args.flag('json') ? `${JSON.stringify({ name, steps: names, parameters })}\n` : textOf(found, names));
  return exitCode.ok;
}

function textOf({ specification }: PipelineIr, names: readonly string[]): string {
  const { pipelineInfo, root, components, deploymentSpec } = specification;
  const steps = names.map((name) => {
    const task = root.dag.tasks[name];
    const label = components[task?.componentRef.name ?? '']?.executorLabel ?? '';
    const after = (task?.dependentTasks ?? []).join(', ');
    return [
      `  ${name}`,
      printable(deploymentSpec.executors[label]?.container.image ?? ''),
      after === '' ? '' : `after ${after}`,
    ];
  });
  const parameters = Object.entries(root.inputDefinitions?.parameters ?? {}).map(([name, one]) => [
    `  ${name}`,
    printable(JSON.stringify(one.defaultValue ?? null)),
    printable(one.description ?? ''),
  ]);
  return `${printable(pipelineInfo.name)}\nsteps\n${table(steps)}parameters\n${table(parameters)}`;
}
