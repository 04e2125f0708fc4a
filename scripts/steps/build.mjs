// The whole build, as far as it is not up to date: packages, the addon, dist/.
import { buildAddon } from './addon.mjs';
import { installPackages } from './install.mjs';
import { step } from './run.mjs';
import { checkToolchain } from './toolchain.mjs';
import { buildTypeScript } from './typescript.mjs';

/** What must hold before any step: the tools are there, the packages are as locked. */
export async function prepare() {
  await checkToolchain();
  await installPackages();
}

/** With MICROTOME_BUILT=1 everything is taken as it is: two scripts that build in one folder disturb each other. */
export async function build() {
  if (process.env.MICROTOME_BUILT === '1') return;
  await prepare();
  await step('addon (build/Release)', () => buildAddon());
  await step('TypeScript (dist)', buildTypeScript);
}
