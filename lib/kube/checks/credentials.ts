/** No credential stands in a manifest: not in a variable, not in an argument, not anywhere else. */
import { isSecretFlag, isSecretName, looksLikeCredential } from './credential-words.js';
import type { Part } from './part.js';

const kAdvice = 'put it into a Secret and name that: secretEnv, or --secret-env NAME=SECRET/KEY';
const kMaxDepth = 60;
/** Longer than any text that a manifest needs. */
const kMaxLength = 65_536;
/** A reference to a variable: the value is not here. */
const isReference = (value: string): boolean => /^\$[({][A-Za-z_][\w.]*[)}]$|^\$[A-Za-z_]\w*$/.test(value);

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

function checkArguments(list: Part): void {
  const args = list.items;
  for (const [i, arg] of args.entries()) {
    const text = arg.text ?? '';
    if (text.length > kMaxLength || looksLikeCredential(text)) continue;
    const [flag = '', ...inline] = text.split('=');
    const value = inline.length > 0 ? inline.join('=') : (args[i + 1]?.text ?? '');
    const isFlag = /^--?[A-Za-z]/.test(flag) && !/\s/.test(flag) && value !== '' && !value.startsWith('-');
    if (isFlag && !isReference(value) && isSecretFlag(flag, value))
      arg.error('literal-credential', `the flag ${flag} has the name of a credential and a value; ${kAdvice}`);
    for (const [, name = '', assigned = ''] of text.matchAll(kAssignments)) {
      if (isSecretName(name, assigned))
        arg.error('literal-credential', `sets ${name}, the name of a credential, to a value; ${kAdvice}`);
    }
  }
}

/** `NAME=value` at the beginning of a word, as a shell or `env` reads it; a value that begins with `$` is not here. */
const kAssignments = /(?:^|[\s;&|])([A-Za-z_]\w*)=("[^"$]{1,4096}"|'[^'$]{1,4096}'|[^\s$"';&|]{1,4096})/g;
