// Reads #include and import lines and compares them with the tables of checks/; also what library code never does
// (print, end the process, raw new, network), and the size of files and functions.
import { checkLibraryFile } from './checks/library-layers.mjs';
import { checkNativeFile } from './checks/native-layers.mjs';
import { Report } from './checks/report.mjs';
import { checkSizes } from './checks/sizes.mjs';
import { readText, treeFiles } from './checks/sources.mjs';

const report = new Report();
const sources = treeFiles().filter((path) =>
  /^(?:native|lib|demo|scripts|bench|test|train)\/.*\.(?:cc|h|cu|ts|mjs)$/.test(path),
);
for (const path of sources) {
  const text = readText(path);
  if (path.startsWith('native/') && !path.startsWith('native/test/')) checkNativeFile(path, text, report);
  if (path.startsWith('lib/')) checkLibraryFile(path, text, report);
  if (!/[._]test\.(?:cc|ts)$/.test(path)) checkSizes(path, text, report);
}
report.finish('layers', `${sources.length} files`);
