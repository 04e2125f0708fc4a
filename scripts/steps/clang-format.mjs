// clang-format of one version for everybody, since its output differs from version to version.
import { join } from 'node:path';
import { treeFiles } from '../checks/sources.mjs';
import { pythonTool } from './python-tool.mjs';
import { run } from './run.mjs';

const version = '19.1.7';

/**
 * Formats native/ and bench/native/ in place, or only compares.
 * @returns {Promise<{ ok: boolean } | { missing: string }>}
 */
export async function clangFormat({ write }) {
  const tool = await pythonTool('clang-format', version);
  if ('missing' in tool) return tool;
  const files = treeFiles().filter((path) => /^(?:bench\/)?native\/.*\.(?:cc|h|cu)$/.test(path));
  const program = join(tool.folder, 'clang_format', 'data', 'bin', 'clang-format');
  const { code } = await run(program, [...(write ? ['-i'] : ['--dry-run', '--Werror']), ...files], {
    allowFailure: true,
  });
  return { ok: code === 0 };
}
