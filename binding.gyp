# A shim for tools that only know node-gyp: its one target starts CMake. The build itself is CMakeLists.txt.
{
  "targets": [{
    "target_name": "microtome",
    "type": "none",
    "actions": [{
      "action_name": "cmake",
      "inputs": ["CMakeLists.txt"],
      "outputs": ["<(PRODUCT_DIR)/microtome.node"],
      "action": ["node", "scripts/gyp-to-cmake.mjs", "<(PRODUCT_DIR)"],
    }],
  }],
}
