/** Finds the command, runs it, and turns what it throws into one line on stderr and an exit code. Never throws. */
import { shownPath } from '../core/remote-address.js';
import { messageWithoutPath } from '../core/errors.js';
import { nearest } from '../core/near-miss.js';
import { withOptionNames } from '../core/option-names.js';
import { toolVersion } from '../core/version.js';
import { MicrotomeError, type OptionNaming } from '../index.js';
import { parseCommandLine } from './args.js';
import { commands, type Command } from './commands.js';
import { exitCode, exitCodeOf } from './exit-codes.js';
import { Failure } from './failure.js';
import { helpOf, overview } from './help.js';
import type { CliIo } from './io.js';
import { flagNaming } from './naming.js';
import { printable } from './text.js';
import { loadCommand } from './load-command.js';
import { UsageError } from './usage-error.js';

const allCommands: readonly Command[] = commands.flatMap((command) => [command, ...(command.subcommands ?? [])]);

/** A signal ended the command. `canResume`: the command has --resume. */
class Interrupted extends Error {
  constructor(readonly canResume: boolean) {
    super('interrupted');
  }
}

/** `argv` begins after the script's name. Resolves with the exit code. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const verbose = argv.includes('--verbose');
  try {
    return await dispatch(argv, io);
  } catch (thrown) {
    if (io.signal.aborted) {
      // Where nobody reads any more (head, a closed pager) there is nobody to tell.
      const canResume = thrown instanceof Interrupted && thrown.canResume;
      const advice = canResume ? '; continue a run that has --out with --resume' : '';
      if (!io.stdoutClosed()) io.stderr.write(`microtome: interrupted${advice}\n`);
      return exitCode.interrupted;
    }
    const failure = thrown instanceof Failure ? thrown : null;
    const error = failure === null ? thrown : failure.reason;
    io.stderr.write(`microtome: ${errorText(error, verbose, failure?.naming ?? flagNaming)}\n`);
    return failure?.code ?? exitCodeOf(error);
  }
}

async function dispatch(argv: readonly string[], io: CliIo): Promise<number> {
  const [name, ...rest] = argv;
  const names = commands.map((command) => command.name);
  if (name === undefined) throw new UsageError(`a command is missing: ${names.join(', ')}`);
  if (name === '--version' || name === '-v') io.stdout.write(`${toolVersion}\n`);
  else if (isHelp(name)) io.stdout.write(overview(toolVersion, allCommands));
  else if (name === 'help') io.stdout.write(await helpFor(rest));
  else return await runCommand(commandOf(name), rest, io);
  return exitCode.ok;
}

function isHelp(argument: string): boolean {
  return argument === '--help' || argument === '-h';
}

/** `microtome help`, `microtome help score`. */
async function helpFor(topics: readonly string[]): Promise<string> {
  const [topic, ...more] = topics.filter((argument) => !isHelp(argument));
  if (topic === undefined) return overview(toolVersion, allCommands);
  const found = withSubcommand(commandOf(topic), more);
  const [extra] = found.rest;
  if (extra !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(shownPath(extra))}`);
  return helpOf((await loadCommand(found.command)).spec);
}

function commandOf(name: string): Command {
  const command = commands.find((one) => one.name === name);
  if (command !== undefined) return command;
  const names = [...commands.map((one) => one.name), 'help'];
  const hint = nearest(name, names);
  // A name with a dot or a slash is that of a file or a folder.
  const others = /[./]/.test(name) ? 'to score it: microtome score, then its path' : `commands: ${names.join(', ')}`;
  const advice = hint === null ? others : `did you mean ${hint}?`;
  throw new UsageError(`unknown command ${JSON.stringify(shownPath(name))}; ${advice}`);
}

/** The command of two words, where the second one is given; a file of that name is reached as `./init`. */
function withSubcommand(command: Command, argv: readonly string[]): { command: Command; rest: readonly string[] } {
  const [second, ...rest] = argv;
  const found = command.subcommands?.find(({ name }) => name === `${command.name} ${second}`);
  return found === undefined ? { command, rest: argv } : { command: found, rest };
}

async function runCommand(first: Command, given: readonly string[], io: CliIo): Promise<number> {
  const { command, rest: argv } = withSubcommand(first, given);
  const { spec, run } = await loadCommand(command);
  // What stands after `--` is for the program of a manifest.
  const end = argv.indexOf('--');
  if ((end < 0 ? argv : argv.slice(0, end)).some(isHelp)) {
    io.stdout.write(helpOf(spec));
    return exitCode.ok;
  }
  const args = parseCommandLine(spec, argv);
  try {
    return await run(args, io);
  } catch (error) {
    if (io.signal.aborted) throw new Interrupted('resume' in spec.options);
    if (error instanceof Failure) throw error;
    throw new Failure(error, exitCodeOf(error), args.naming);
  }
}

/** Code, stage, message with its advice and the path, on one line where the message is; with `verbose`, the stack. */
function errorText(error: unknown, verbose: boolean, naming: OptionNaming): string {
  if (error instanceof UsageError) {
    const more = error.message.includes('--help')
      ? ''
      : `; see: microtome ${error.command === null ? '' : `${error.command} `}--help`;
    return `usage: ${printable(error.message)}${more}`;
  }
  const stack = verbose && error instanceof Error ? `\n${withOptionNames(stackOf(error), naming)}` : '';
  if (!(error instanceof MicrotomeError)) {
    return `INTERNAL: ${error instanceof Error ? error.message : String(error)}; report this with --verbose${stack}`;
  }
  const found = messageWithoutPath(error, naming);
  const message = found.split('\n').map(printable).join('\n');
  const path = error.path !== undefined && !found.includes(error.path) ? ` (${printable(error.path)})` : '';
  return `${error.code} (${error.stage}): ${message}${path}${stack}`;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
