/** Finds the command, runs it, and turns what it throws into one line on stderr and an exit code. Never throws. */
import { MicrotomeError } from '../core/errors.js';
import { nearest } from '../core/near-miss.js';
import { toolVersion } from '../core/version.js';
import { parseCommandLine, type CommandSpec, type ParsedArgs } from './args.js';
import { bench, benchSpec } from './commands/bench.js';
import { doctor, doctorSpec } from './commands/doctor.js';
import { info, infoSpec } from './commands/info.js';
import { model, modelSpec } from './commands/model.js';
import { region, regionSpec } from './commands/region.js';
import { score } from './commands/score.js';
import { scoreSpec } from './commands/score-options.js';
import { exitCode, exitCodeOf } from './exit-codes.js';
import { Failure } from './failure.js';
import { helpOf, overview } from './help.js';
import type { CliIo } from './io.js';
import { printable } from './text.js';
import { UsageError } from './usage-error.js';

interface Command {
  readonly spec: CommandSpec;
  readonly run: (args: ParsedArgs, io: CliIo) => Promise<number>;
}

const kCommands: readonly Command[] = [
  { spec: scoreSpec, run: score },
  { spec: infoSpec, run: info },
  { spec: regionSpec, run: region },
  { spec: modelSpec, run: model },
  { spec: doctorSpec, run: doctor },
  { spec: benchSpec, run: bench },
];

/** `argv` begins after the script's name. Resolves with the exit code. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const verbose = argv.includes('--verbose');
  try {
    return await dispatch(argv, io);
  } catch (thrown) {
    if (io.signal.aborted) {
      // Where nobody reads any more (head, a closed pager) there is nobody to tell.
      if (!io.stdoutClosed()) io.stderr.write('microtome: interrupted; a run with --out is gone on with by --resume\n');
      return exitCode.interrupted;
    }
    const error = thrown instanceof Failure ? thrown.reason : thrown;
    io.stderr.write(`microtome: ${errorText(error, verbose)}\n`);
    return thrown instanceof Failure ? thrown.code : exitCodeOf(error);
  }
}

async function dispatch(argv: readonly string[], io: CliIo): Promise<number> {
  const [name, ...rest] = argv;
  const specs = kCommands.map((command) => command.spec);
  if (name === undefined) throw new UsageError(`a command is missing: ${specs.map((spec) => spec.name).join(', ')}`);
  if (name === '--version') io.stdout.write(`${toolVersion}\n`);
  else if (name === '--help' || name === 'help' || name === '-h') io.stdout.write(overview(toolVersion, specs));
  else return await runCommand(commandOf(name), rest, io);
  return exitCode.ok;
}

function commandOf(name: string): Command {
  const command = kCommands.find((one) => one.spec.name === name);
  if (command !== undefined) return command;
  const names = kCommands.map((one) => one.spec.name);
  const hint = nearest(name, names);
  const advice = hint === null ? `commands: ${names.join(', ')}` : `did you mean ${hint}?`;
  throw new UsageError(`unknown command ${JSON.stringify(name)}; ${advice}`);
}

async function runCommand(command: Command, argv: readonly string[], io: CliIo): Promise<number> {
  if (argv.includes('--help')) {
    io.stdout.write(helpOf(command.spec));
    return exitCode.ok;
  }
  return await command.run(parseCommandLine(command.spec, argv), io);
}

/** Code, stage, message with its advice and the path, on one line where the message is; with `verbose`, the stack. */
function errorText(error: unknown, verbose: boolean): string {
  if (error instanceof UsageError) {
    const more = error.message.includes('--help')
      ? ''
      : `; see: microtome ${error.command === null ? '' : `${error.command} `}--help`;
    return `usage: ${printable(error.message)}${more}`;
  }
  const stack = verbose && error instanceof Error ? `\n${stackOf(error)}` : '';
  if (!(error instanceof MicrotomeError)) {
    return `INTERNAL: ${error instanceof Error ? error.message : String(error)}; report this with --verbose${stack}`;
  }
  const message = error.message.split('\n').map(printable).join('\n');
  const path = error.path !== undefined && !error.message.includes(error.path) ? ` (${printable(error.path)})` : '';
  return `${error.code} (${error.stage}): ${message}${path}${stack}`;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
