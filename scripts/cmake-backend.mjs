#!/usr/bin/env node
// What prebuildify starts instead of node-gyp. The arguments are node-gyp's and mean nothing to CMake; what to build,
// and where, was decided by prebuilds.mjs and is in the environment.
import { buildAddon } from './steps/addon.mjs';
import { packedBuildDir } from './steps/paths.mjs';
import { main } from './steps/run.mjs';

main(() =>
  buildAddon({
    out: `${packedBuildDir}/build`,
    definitions: JSON.parse(process.env.MICROTOME_CMAKE_DEFINITIONS ?? '{}'),
  }),
);
