// npm run test:ptx: NVIDIA's own assemblers make code of the shipped PTX for every generation of GPUs from the K80's to
// today's, without a GPU. Ends with `N passed, N failed, N skipped`; without an assembler its targets are skipped by name.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelPtx } from './steps/clang-ptx.mjs';
import { closingLine } from './steps/counts.mjs';
import { assemblers, ptxas } from './steps/ptx-assemblers.mjs';
import { main, run } from './steps/run.mjs';

const say = (line) => process.stdout.write(`${line}\n`);

/** Null, or why the code for `target` is not what it should be. */
async function assembled(program, target, ptx, kernels, folder) {
  const out = join(folder, 'code');
  await rm(out, { force: true });
  const { code, output } = await run(program, ['-v', `-arch=${target}`, '-o', out, ptx], {
    quiet: true,
    allowFailure: true,
  });
  if (code !== 0) return output.trim() || `ended with ${code}`;
  const text = (await readFile(out)).toString('latin1');
  const absent = kernels.find((name) => !text.includes(`.text.${name}`));
  if (absent !== undefined) return `the code has no ${absent}`;
  const spilled = output.match(/[1-9]\d* bytes spill (?:stores|loads)/);
  return spilled === null ? null : `registers do not suffice: ${spilled[0]}`;
}

/** That an assembler which takes anything would be noticed. */
async function refusesDamage(program, target, text, folder) {
  const damaged = join(folder, 'damaged.ptx');
  await writeFile(damaged, text.replace('add.rn.f32', 'add.rn.f33'));
  const { code } = await run(program, [`-arch=${target}`, '-o', join(folder, 'none'), damaged], {
    quiet: true,
    allowFailure: true,
  });
  return code === 0 ? 'a damaged text was taken' : null;
}

async function checkWith(assembler, text, folder, counts) {
  const { name, version } = assembler.wheel;
  const found = await ptxas(assembler);
  if ('missing' in found) {
    for (const target of assembler.targets) say(`skipped: ${target} (${found.missing})`);
    counts.skipped += assembler.targets.length;
    return;
  }
  const kernels = [...text.matchAll(/\.visible \.entry (\w+)\(/g)].map(([, kernel]) => kernel);
  const report = (what, wrong) => {
    counts[wrong === null ? 'passed' : 'failed'] += 1;
    say(wrong === null ? `ok   ${what}` : `FAIL ${what}: ${wrong}`);
  };
  for (const target of assembler.targets) {
    const wrong = await assembled(found.program, target, kernelPtx, kernels, folder);
    report(`${target}: ${kernels.length} kernels (${name} ${version})`, wrong);
  }
  const wrong = await refusesDamage(found.program, assembler.targets[0], text, folder);
  report(`a damaged text is refused (${name} ${version})`, wrong);
}

main(async () => {
  const text = await readFile(kernelPtx, 'utf8');
  const folder = await mkdtemp(join(tmpdir(), 'microtome-ptxas-'));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    for (const assembler of assemblers) await checkWith(assembler, text, folder, counts);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  say(closingLine(counts));
  if (counts.failed > 0 || (counts.skipped > 0 && process.env.CI !== undefined)) process.exitCode = 1;
});
