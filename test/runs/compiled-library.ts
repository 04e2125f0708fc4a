/** The sources of the library as JavaScript in a temporary folder, for tests that need a process of their own. */
import { cp, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Types are not checked here: the build does that. The caller removes the folder. */
export async function compileLibrary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'microtome-lib-'));
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  for (const file of await readdir(join(root, 'lib'), { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const { outputText } = ts.transpileModule(await readFile(join(root, 'lib', file), 'utf8'), { compilerOptions });
    const out = join(folder, 'lib', file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, outputText);
  }
  await cp(join(root, 'package.json'), join(folder, 'package.json'));
  return folder;
}
