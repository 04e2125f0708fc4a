import { describe, expect, it } from 'vitest';
import { checkLibraryFile } from './library-layers.mjs';
import { checkNativeFile } from './native-layers.mjs';
import { Report } from './report.mjs';
import { functionsOf } from './sizes.mjs';
import { withoutComments } from './sources.mjs';

function errorsOf(check, path, text) {
  const report = new Report();
  check(path, text, report);
  return report.errors;
}

describe('native layers', () => {
  it.each([
    ['native/core/a.cc', '#include "slide/slide.h"', 'native/core may not include native/slide'],
    ['native/slide/a.cc', '#include "infer/model.h"', 'native/slide may not include native/infer'],
    ['native/tiles/a.cc', '#include "engine/engine.h"', 'native/tiles may not include native/engine'],
    ['native/decode/a.h', '#include <napi.h>', "another party's header"],
    ['native/addon/a.h', '#include <napi.h>', "another party's header"],
    ['native/infer/a.cc', '#include <onnxruntime_c_api.h>', "another party's header"],
    ['native/slide/a.cc', '#include "slide.h"', 'must name its folder'],
    ['native/helpers/a.cc', '', 'is not a stage'],
    ['native/slide/a.cc', 'library.symbol("vips_image_new")', 'only native/decode knows libvips'],
    ['native/slide/a.cc', 'OrtSession* session;', 'only native/infer knows ONNX Runtime'],
    ['native/infer/a.cc', 'find("cuMemAlloc_v2")', "only native/gpu knows NVIDIA's driver"],
    ['native/engine/a.cc', 'CuStream stream;', "only native/gpu knows NVIDIA's driver"],
    ['native/engine/a.cc', 'find("nvjpegCreate")', 'only native/gpu knows nvJPEG'],
    ['native/infer/a.cc', '#include "gpu/stream.h"', 'native/infer may not include native/gpu'],
    ['native/slide/a.cc', 'Napi::Value v;', 'only native/addon knows Node-API'],
    ['native/slide/a.cc', '#include <zstd.h>', "another party's header"],
    ['native/decode/codec_zstd.cc', '#include <openjpeg.h>', "another party's header"],
    ['native/slide/a.cc', 'std::cerr << "x";', 'standard streams'],
    ['native/slide/a.cc', 'std::printf("x");', 'standard streams'],
    ['native/slide/a.cc', 'std::abort();', 'ends the process'],
    ['native/slide/a.cc', 'auto* p = new Thing();', 'raw new'],
    ['native/slide/a.cc', 'delete thing;', 'raw delete'],
  ])('%s: %s', (path, text, message) => {
    const errors = errorsOf(checkNativeFile, path, text);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
  });

  it.each([
    ['native/tiles/a.cc', '#include "tissue/tissue_mask.h"\n#include <vector>'],
    ['native/addon/napi_setup.h', '#include <napi.h>'],
    ['native/decode/codec_webp.cc', '#include <webp/decode.h>'],
    ['native/slide/a.cc', '// std::abort() would be wrong here\nstd::snprintf(text, 8, "%d", new_value);'],
    ['native/slide/a.h', 'Slide(const Slide&) = delete;\nstatic_assert(sizeof(int) == 4);'],
    ['native/slide/a.cc', 'throw Error(code, stage, "exit (code) and abort () are only words here");'],
  ])('%s may say: %s', (path, text) => {
    expect(errorsOf(checkNativeFile, path, text)).toEqual([]);
  });
});

describe('library layers', () => {
  it.each([
    ['lib/options/a.ts', "import { x } from '../runs/x.js';", 'lib/options may not import lib/runs'],
    ['lib/native/a.ts', "import { x } from '../cli/x.js';", 'lib/native may not import lib/cli'],
    ['lib/cli/a.ts', "import { x } from '../runs/x.js';", 'lib/cli may not import lib/runs'],
    ['lib/cli/commands/a.ts', "import { x } from '../../options/x.js';", 'lib/cli may not import lib/options'],
    ['lib/competition/a.ts', "import { x } from '../runs/x.js';", 'lib/competition may not import lib/runs'],
    ['lib/runs/a.ts', "import { x } from '../competition/index.js';", 'lib/runs may not import lib/competition'],
    ['lib/cli/a.ts', "import { x } from '../competition/pack/x.js';", 'no public name of lib/competition'],
    ['lib/competition/a.ts', "import { execFile } from 'node:child_process';", 'starts no process'],
    ['lib/core/a.ts', "import { x } from '../../test/x.js';", 'leaves lib/'],
    ['lib/slide/a.ts', "import { x } from '../index.js';", 'imports its index'],
    ['lib/core/a.ts', "import build from 'node-gyp-build';", 'only lib/native loads the addon'],
    ['lib/core/a.ts', "import { connect } from 'node:net';", 'open connections'],
    ['lib/core/a.ts', "const m = await import('node:child_process');", 'starts no process'],
    ['lib/core/a.ts', "console.log('x');", 'standard streams'],
    ['lib/core/a.ts', 'process.exit(1);', 'ends the process'],
    ['lib/core/a.ts', "await fetch('x');", 'opens a connection'],
  ])('%s: %s', (path, text, message) => {
    const errors = errorsOf(checkLibraryFile, path, text);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
  });

  it.each([
    ['lib/competition/pack/a.ts', "import { x } from '../../index.js';"],
    ['lib/cli/a.ts', "import { x } from '../competition/index.js';"],
    ['lib/competition/pack/npm.ts', "import { execFile } from 'node:child_process';"],
  ])('%s may say: %s', (path, text) => {
    expect(errorsOf(checkLibraryFile, path, text)).toEqual([]);
  });

  it('leaves comments and strings alone', () => {
    const text = "/** console.log(error) */\nconst help = 'call process.exit(1) yourself';";
    expect(errorsOf(checkLibraryFile, 'lib/core/a.ts', text)).toEqual([]);
  });
});

describe('reading sources', () => {
  it('keeps line numbers when comments go', () => {
    expect(withoutComments('a /* b\nc */ d // e\n"// f"')).toBe('a     \n     d     \n"// f"');
  });

  it('measures functions by their indentation', () => {
    const text = ['int f(int a) {', '  if (a > 0) {', '    g();', '  }', '  return a;', '}', ''].join('\n');
    expect(functionsOf(text)).toEqual([{ line: 1, length: 6, head: 'int f(int a) {' }]);
  });
});
