// npm run prebuilds [-- --toolchain zig|host|auto]: makes prebuilds/linux-x64/. zig (the default) makes an addon for glibc
// 2.28 and newer; host is for trying things out; auto is zig, or host where zig cannot be had. The name is plural because
// npm would run a script named "prebuild" before each "build".
import { parseArgs } from 'node:util';
import { makePrebuilds } from './steps/prebuilds.mjs';
import { main } from './steps/run.mjs';

main(async () => {
  const { values } = parseArgs({ options: { toolchain: { type: 'string', default: 'zig' } } });
  if (!['zig', 'host', 'auto'].includes(values.toolchain)) throw new Error('--toolchain is zig, host or auto');
  await makePrebuilds(values.toolchain);
});
