// npm run prebuilds [-- --toolchain zig|host|auto] [--without CODEC,…]: makes prebuilds/linux-x64/. zig (the default) makes
// an addon for glibc 2.28 and newer; host is for trying things out; auto is zig, or host where zig cannot be had. A codec
// whose library is not on the machine is an error, unless it is left out by name. The name is plural because npm would run a
// script named "prebuild" before each "build".
import { parseArgs } from 'node:util';
import { leftOut } from './steps/codecs.mjs';
import { makePrebuilds } from './steps/prebuilds.mjs';
import { main } from './steps/run.mjs';

main(async () => {
  const { values } = parseArgs({
    options: {
      toolchain: { type: 'string', default: 'zig' },
      without: { type: 'string', multiple: true, default: [] },
    },
  });
  if (!['zig', 'host', 'auto'].includes(values.toolchain)) throw new Error('--toolchain is zig, host or auto');
  await makePrebuilds(values.toolchain, leftOut(values.without));
});
