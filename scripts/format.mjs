// npm run format: writes TypeScript, scripts and JSON with biome, C++ with clang-format.
import { prepare } from './steps/build.mjs';
import { clangFormat } from './steps/clang-format.mjs';
import { inRoot } from './steps/paths.mjs';
import { main, run } from './steps/run.mjs';

main(async () => {
  await prepare();
  await run(process.execPath, [inRoot('node_modules/@biomejs/biome/bin/biome'), 'format', '--write', '.']);
  const result = await clangFormat({ write: true });
  if ('missing' in result) throw new Error(result.missing);
});
