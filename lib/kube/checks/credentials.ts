/** No credential stands in a manifest: not in a variable, not in an argument, not anywhere else. */
import { isSecretFlag, isSecretName, looksLikeCredential } from './credential-words.js';
import { Findings, Part } from './part.js';
import type { Problem } from './rules.js';

const kAdvice = 'put it into a Secret and name that: secretEnv, or --secret-env NAME=SECRET/KEY';
const kMaxDepth = 60;
/** Longer than any text that a manifest needs. */
const kMaxLength = 65_536;
/** A reference to a variable, as Kubernetes has them: the value is not here. `$NAME` is text to it. */
const isReference = (value: string): boolean => /^\$\([A-Za-z_][\w.]*\)$/.test(value);
/** Fields whose keys are names that somebody chose. A Secret, with its stringData, is refused as a whole. */
const kNamed: ReadonlySet<string> = new Set(['labels', 'annotations', 'data', 'binaryData']);

/** The credentials of a value that is no manifest but has the same parts: `env`, `args`, `labels`. */
export function credentialProblems(value: unknown): readonly Problem[] {
  const findings = new Findings();
  checkCredentials(new Part(value, '', findings));
  return findings.problems;
}

/** Walks through all of the object. */
export function checkCredentials(part: Part, depth = 0): void {
  if (depth > kMaxDepth) {
    part.error('shape', `is nested more than ${kMaxDepth} deep`);
    return;
  }
  if ((part.text?.length ?? 0) > kMaxLength) {
    part.error('shape', `has more than ${kMaxLength} characters`);
    return;
  }
  if (part.text !== undefined && looksLikeCredential(part.text))
    part.error('literal-credential', `holds what looks like a credential; ${kAdvice}`);
  for (const [key, child] of part.entries) {
    if (looksLikeCredential(key))
      part.error('literal-credential', `has a field whose name looks like a credential; ${kAdvice}`);
    if (key === 'env') for (const variable of child.items) checkVariable(variable);
    if (key === 'args' || key === 'command') checkArguments(child);
    if (kNamed.has(key)) for (const [name, value] of child.entries) checkNamed(name, value);
    checkCredentials(child, depth + 1);
  }
  for (const item of part.items) checkCredentials(item, depth + 1);
}

function checkVariable(variable: Part): void {
  const [name, value] = [variable.get('name').text ?? '', variable.get('value')];
  const text = value.text ?? '';
  if (text === '' || text.length > kMaxLength || isReference(text) || looksLikeCredential(text)) return;
  if (isSecretName(name, text))
    value.error('literal-credential', `the variable ${name} has the name of a credential and a value; ${kAdvice}`);
}

/** A label, an annotation or an entry of a ConfigMap. */
function checkNamed(name: string, value: Part): void {
  const text = value.text ?? '';
  // A name that is a credential itself is told without it, in another place.
  if (text === '' || isReference(text) || looksLikeCredential(text) || looksLikeCredential(name)) return;
  if (isSecretName(name, text))
    value.error('literal-credential', `has the name of a credential and a value; ${kAdvice}`);
}

/** A word after a flag is its value, and not the next flag, even where it begins with one dash and is long. */
const isValue = (word: string): boolean => word !== '' && (!word.startsWith('-') || /^-[^-].{7}/.test(word));

function checkArguments(list: Part): void {
  const args = list.items;
  for (const [i, arg] of args.entries()) {
    const text = arg.text ?? '';
    if (text.length > kMaxLength || looksLikeCredential(text)) continue;
    const [flag = '', ...inline] = text.split('=');
    const next = args[i + 1]?.text ?? '';
    const value = inline.length > 0 ? inline.join('=') : isValue(next) ? next : '';
    const isFlag = /^--?[A-Za-z]/.test(flag) && !/\s/.test(flag) && value !== '';
    if (isFlag && !isReference(value) && isSecretFlag(flag, value))
      arg.error('literal-credential', `the flag ${flag} has the name of a credential and a value; ${kAdvice}`);
    for (const [name, assigned] of assignmentsIn(text))
      if (!isReference(assigned) && isSecretName(name, assigned))
        arg.error('literal-credential', `sets ${name}, the name of a credential, to a value; ${kAdvice}`);
  }
}

/** A word that is one assignment is read by no shell, so its value is what it says, `$` or not. */
function assignmentsIn(text: string): readonly (readonly [string, string])[] {
  const [, name, value] = /^([A-Za-z_]\w*)=([^\s;&|]+)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [[name, value]];
  return [...text.matchAll(kAssignments)].map(([, each = '', assigned = '']) => [each, assigned] as const);
}

/** `NAME=value` at the beginning of a word, as a shell or `env` reads it; a value that begins with `$` is not here. */
const kAssignments = /(?:^|[\s;&|])([A-Za-z_]\w*)=("[^"$]{1,4096}"|'[^'$]{1,4096}'|[^\s$"';&|]{1,4096})/g;
