// What a misspelt word was probably meant to be, as the library finds it (lib/core/near-miss.ts): before anything is built.
import { readFile } from 'node:fs/promises';
import { inRoot } from './paths.mjs';

/** The choice that `word` is a likely misspelling of, or null; null too where the packages are not installed yet. */
export async function nearestWord(word, choices) {
  try {
    const { default: ts } = await import('typescript');
    const source = await readFile(inRoot('lib/core/near-miss.ts'), 'utf8');
    const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
    const { outputText } = ts.transpileModule(source, { compilerOptions: options });
    const { nearest } = await import(`data:text/javascript,${encodeURIComponent(outputText)}`);
    return nearest(word, choices);
  } catch {
    return null;
  }
}
