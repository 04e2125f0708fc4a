// What must be on the machine before anything is installed or built, and a page that names all that is missing at once.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HelpPage, outputOf } from './run.mjs';

const minimumNode = [20, 19];
const minimumCmake = [3, 20];

const parts = (version) => version.split('.').map(Number);
const atLeast = (have, want) => have[0] > want[0] || (have[0] === want[0] && have[1] >= want[1]);

function checkPlatform() {
  if (process.platform === 'linux' && process.arch === 'x64') return null;
  return `Linux on x64: this is ${process.platform} on ${process.arch}, which is not supported yet`;
}

function checkNode() {
  if (atLeast(parts(process.versions.node), minimumNode)) return null;
  return `Node.js >= ${minimumNode.join('.')}: this is ${process.versions.node}`;
}

async function checkCmake() {
  const text = await outputOf('cmake', ['--version']);
  const found = text?.match(/(\d+\.\d+)(\.\d+)?/)?.[1];
  const wanted = `CMake >= ${minimumCmake.join('.')}`;
  if (found === undefined) return `${wanted}: no "cmake" on PATH (Debian: cmake; Fedora: cmake; or: pip install cmake)`;
  return atLeast(parts(found), minimumCmake) ? null : `${wanted}: this is ${found}`;
}

async function checkBuildProgram() {
  if ((await outputOf('ninja', ['--version'])) !== null || (await outputOf('make', ['--version'])) !== null)
    return null;
  return 'Ninja or Make: neither is on PATH (Debian: ninja-build or make)';
}

/** Compiles a line that needs C++20, its library included, with the compiler that CMake will choose. */
async function checkCompiler() {
  const candidates = process.env.CXX === undefined ? ['c++', 'g++', 'clang++'] : [process.env.CXX];
  const dir = await mkdtemp(join(tmpdir(), 'microtome-check-'));
  try {
    const source = join(dir, 'check.cc');
    await writeFile(
      source,
      '#include <span>\n#include <vector>\nint main() { std::vector<int> v(1); return std::span(v)[0]; }\n',
    );
    const old = [];
    for (const compiler of candidates) {
      if ((await outputOf(compiler, ['--version'])) === null) continue;
      if ((await outputOf(compiler, ['-std=c++20', '-o', join(dir, 'check'), source])) !== null) return null;
      old.push(compiler);
    }
    return old.length > 0
      ? `a C++20 compiler (g++ >= 11, clang >= 14): ${old.join(', ')} cannot compile C++20`
      : `a C++20 compiler (g++ >= 11, clang >= 14): none of ${candidates.join(', ')} is on PATH (Debian: g++)`;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Throws a help page (exit code 2) that lists everything missing. */
export async function checkToolchain() {
  const missing = [checkPlatform(), checkNode(), await checkCompiler(), await checkCmake(), await checkBuildProgram()];
  const lines = missing.filter((line) => line !== null);
  if (lines.length === 0) return;
  throw new HelpPage(
    ['microtome cannot be built here. Missing:', ...lines.map((line) => `  - ${line}`), 'Nothing was changed.'].join(
      '\n',
    ),
  );
}
