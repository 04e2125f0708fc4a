// What must not be in the tree: paths of one machine, hosts of registries, large files, and words of the lock file that
// tie it to one registry.
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { Report } from './checks/report.mjs';
import { readText, treeFiles } from './checks/sources.mjs';
import { inRoot, root } from './steps/paths.mjs';

const maxBytes = 1_500_000;
const binary = /\.(?:onnx|tif|tiff|svs|png|jpg|node|so|gz|bin)$/;
// Built from pieces, so that this file does not find itself.
const registryHost = new RegExp(
  `https?://(?:${['registry', 'proxy', 'deb', 'index', 'files'].join('|')})\\.[\\w-]+\\.\\w+`,
  'i',
);
const machinePaths = [root, homedir()].filter((path) => path.length > 4).map((path) => `${path}/`);

const report = new Report();
const files = treeFiles();
for (const path of files) {
  const { size } = statSync(inRoot(path));
  if (size > maxBytes) report.error(path, `${size} bytes; at most ${maxBytes} may be in the tree`);
  if (binary.test(path)) continue;
  const text = readText(path);
  const local = machinePaths.find((folder) => text.includes(folder));
  if (local !== undefined) report.error(path, `names a folder of this machine (${local})`);
  if (registryHost.test(text)) report.error(path, 'names the host of a package registry');
  if (path.endsWith('package-lock.json') && text.includes('"resolved"'))
    report.error(path, 'names where packages were fetched');
}
report.finish('tree', `${files.length} files`);
