// The files of the tree as git would see them, and C++/TypeScript text with the comments taken out.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { inRoot, root } from '../steps/paths.mjs';

/** Tracked files and new ones that git does not ignore, as paths from the root. */
export function treeFiles() {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const text = execFileSync('git', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return text
    .split('\0')
    .filter((path) => path !== '' && existsSync(inRoot(path)))
    .sort();
}

export const readText = (path) => readFileSync(inRoot(path), 'utf8');

/**
 * Comments become blanks, so that line numbers stay; strings are kept unless `strings` is false. Good enough for
 * formatted code: raw strings and regular expressions with quotes in them are not told apart from others.
 */
export function withoutComments(text, { strings = true } = {}) {
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  const blank = (piece) => piece.replace(/[^\n]/g, ' ');
  return text.replace(token, (piece) => {
    if (piece.startsWith('//') || piece.startsWith('/*')) return blank(piece);
    return strings ? piece : blank(piece);
  });
}

export const lineOf = (text, index) => text.slice(0, index).split('\n').length;
