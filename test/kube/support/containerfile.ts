/** Reads a Containerfile and says what in it breaks the rules of this project. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isSecretName, looksLikeCredential } from '../../../lib/kube/checks/credential-words.js';

interface Instruction {
  readonly word: string;
  readonly rest: string;
}

interface Stage {
  readonly base: string;
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

function instructionsOf(text: string): readonly Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line) && line.trim() !== '');
  const joined = lines.join('\n').replace(/\\\n/g, ' ').split('\n');
  return joined.map((line) => {
    const [, word = '', rest = ''] = /^\s*(\w+)\s+(.*)$/.exec(line) ?? [];
    return { word: word.toUpperCase(), rest: rest.trim() };
  });
}

export function stagesOf(text: string): readonly Stage[] {
  const stages: { base: string; name: string; instructions: Instruction[] }[] = [];
  for (const instruction of instructionsOf(text)) {
    if (instruction.word === 'FROM') {
      const [, base = '', name = ''] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.rest) ?? [];
      stages.push({ base, name, instructions: [] });
    } else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

/** `root`: the folder that COPY reads from. `tools`: stages that are no images of their own. */
export function problemsOf(text: string, root: string, tools: readonly string[]): readonly string[] {
  const stages = stagesOf(text);
  const names = new Set(stages.map(({ name }) => name));
  const problems = stages.flatMap((stage) => {
    const where = stage.name || stage.base;
    const own = [...baseProblems(stage, names), ...instructionProblems(stage, root, names)];
    if (!tools.includes(stage.name)) own.push(...imageProblems(stage));
    return own.map((problem) => `${where}: ${problem}`);
  });
  return looksLikeCredential(text) ? [...problems, 'holds what looks like a credential'] : problems;
}

function baseProblems({ base, name }: Stage, names: ReadonlySet<string>): readonly string[] {
  const problems = name === '' ? ['the stage has no name'] : [];
  if (names.has(base)) return problems;
  const isPinned = /@sha256:[0-9a-f]{64}$/.test(base) || /:\d+\.\d+\.\d+[\w.-]*$/.test(base);
  return isPinned ? problems : [...problems, `the base ${base} has neither a digest nor an exact version`];
}

function instructionProblems(stage: Stage, root: string, names: ReadonlySet<string>): readonly string[] {
  return stage.instructions.flatMap(({ word, rest }) => {
    if (word === 'ADD') return ['ADD fetches and unpacks: use COPY'];
    if (word === 'COPY') return copyProblems(rest, root, names);
    if (word === 'ENV' || word === 'ARG') return secretProblems(rest);
    if (word === 'RUN' && /(?:curl|wget)[^&|;]*\|/.test(rest)) return ['runs what it fetches'];
    if (word === 'RUN' && /\bnpm install\b/.test(rest) && !rest.includes('--ignore-scripts'))
      return ['npm runs scripts of packages'];
    if (word === 'RUN' && /\bpip install\b/.test(rest)) return pipProblems(rest);
    return [];
  });
}

function copyProblems(rest: string, root: string, names: ReadonlySet<string>): readonly string[] {
  const words = rest.split(/\s+/);
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  if (from !== undefined) return names.has(from) ? [] : [`COPY --from=${from}, which is no stage`];
  const sources = words.filter((word) => !word.startsWith('--')).slice(0, -1);
  return sources
    .filter((source) => !existsSync(join(root, source)))
    .map((source) => `COPY ${source}, which is not there`);
}

function secretProblems(rest: string): readonly string[] {
  return [...rest.matchAll(/([A-Za-z_]\w*)=(\S+)/g)]
    .filter(([, name = '', value = '']) => isSecretName(name, value))
    .map(([, name]) => `${name} has the name of a secret`);
}

function pipProblems(rest: string): readonly string[] {
  const [, list = ''] = /\bpip install\s+([^&|;]*)/.exec(rest) ?? [];
  if (/(?:^|\s)-r\s/.test(list)) return [];
  const loose = list
    .split(/\s+/)
    .filter((word) => word !== '' && !word.startsWith('-') && !/^[\w.-]+==[\w.]+$/.test(word));
  return loose.map((word) => `pip installs any version of ${word}`);
}

function imageProblems({ instructions }: Stage): readonly string[] {
  const last = (word: string): string => instructions.findLast((one) => one.word === word)?.rest ?? '';
  const problems: string[] = [];
  if (!/^[1-9]\d*:[1-9]\d*$/.test(last('USER')))
    problems.push(`ends as the user ${last('USER') || 'root'}, expected numbers other than 0`);
  if (!instructions.some(({ word, rest }) => word === 'RUN' && rest.includes('/opt/microtome/sbom/')))
    problems.push('has no list of its parts');
  const user = instructions.findIndex(({ word }) => word === 'USER');
  if (user >= 0 && instructions.slice(user).some(({ word }) => word === 'RUN' || word === 'COPY'))
    problems.push('installs after USER');
  return problems;
}
