// The layer rules of native/: the table of who may include whom, who may know which library, and what library code never does.
import { lineOf, withoutComments } from './sources.mjs';

/** A folder may include itself and these; a stage sees earlier stages only. engine wires all, addon sees engine. */
const mayInclude = {
  core: [],
  slide: ['core'],
  // A driver of slides that are no TIFF; only addon puts it into the table of drivers.
  openslide: ['core', 'slide'],
  tissue: ['core', 'slide'],
  tiles: ['core', 'slide', 'tissue'],
  decode: ['core', 'slide', 'tiles'],
  preprocess: ['core', 'tissue'],
  infer: ['core', 'preprocess'],
  gpu: ['core', 'preprocess'],
  aggregate: ['core'],
  engine: ['core', 'slide', 'tissue', 'tiles', 'decode', 'preprocess', 'infer', 'gpu', 'aggregate'],
  addon: [
    'core',
    'slide',
    'openslide',
    'tissue',
    'tiles',
    'decode',
    'preprocess',
    'infer',
    'gpu',
    'aggregate',
    'engine',
  ],
};

/** Names of other parties' interfaces, and the one folder that may use each. */
const libraries = [
  { name: 'Node-API', pattern: /\b(?:napi_\w+|Napi::)/g, folder: 'addon' },
  { name: 'libvips', pattern: /"(?:vips|g)_\w+"|\bVips(?:Image|Region|Operation|Object)\b/g, folder: 'decode' },
  { name: 'libjpeg-turbo', pattern: /"tj3?[A-Z]\w+"|\btjhandle\b/g, folder: 'decode' },
  { name: 'ONNX Runtime', pattern: /\bOrt(?:Api|Env|Session|Status|Value|Allocator|GetApi)\w*/g, folder: 'infer' },
  {
    name: "NVIDIA's driver",
    pattern: /"cu[A-Z]\w+"|\bCu(?:Result|Device|Context|Stream|Event|Module|Function|Pointer)\b/g,
    folder: 'gpu',
  },
  { name: 'OpenSlide', pattern: /"openslide_\w+"/g, folder: 'openslide' },
  { name: 'nvJPEG', pattern: /"nvjpeg[A-Z]\w+"/g, folder: 'gpu' },
];

const foreignHeader =
  /^(?:napi|node_api|js_native|uv|vips|glib|gobject|turbojpeg|jpeglib|tiff|onnxruntime|cuda|png|zlib|libdeflate|zstd|webp|openjpeg)/;

/** The files that may include one: Node-API's wrapper, and one file per codec that is compiled in. */
const headerOwners = [
  { file: 'native/addon/napi_setup.h', header: /^(?:napi|node_api)/ },
  { file: 'native/decode/codec_deflate.cc', header: /^libdeflate\.h$/ },
  { file: 'native/decode/codec_zstd.cc', header: /^zstd(?:_errors)?\.h$/ },
  { file: 'native/decode/codec_webp.cc', header: /^webp\// },
  { file: 'native/decode/codec_jpeg2000.cc', header: /^openjpeg\.h$/ },
];

const forbidden = [
  [/\bstd::(?:cout|cerr|clog)\b/g, 'writes to the standard streams'],
  [/(?<![\w:])(?:std::)?(?:v?f?printf|puts|fputs|putchar|perror)\s*\(/g, 'writes to the standard streams'],
  [/(?<![\w:.>])(?:(?:std::)?(?:abort|exit|_exit|quick_exit)|std::terminate)\s*\(/g, 'ends the process'],
  [/(?<![\w:])assert\s*\(/g, 'ends the process in some builds'],
  // Node-API takes over the one object per environment as a raw pointer; private constructors need a visible new.
  [/(?<![\w:.]|SetInstanceData\(|(?:unique|shared)_ptr<[\w:]+>\()new\s+(?:\(std::nothrow\)\s*)?[A-Za-z_]/g, 'raw new'],
  [/(?<![\w:.=]\s?)\bdelete\s+[A-Za-z_]/g, 'raw delete'],
  [/\bgetenv\s*\(/g, 'reads the environment (paths and switches come in as options)'],
];

function checkIncludes(path, folder, text, report) {
  for (const match of text.matchAll(/^\s*#\s*include\s+([<"])([^>"]+)[>"]/gm)) {
    const [, kind, header] = match;
    const place = `${path}:${lineOf(text, match.index)}`;
    if (kind === '<') {
      if (!foreignHeader.test(header)) continue;
      const owned = headerOwners.some((owner) => owner.file === path && owner.header.test(header));
      if (!owned) report.error(place, `<${header}> is another party's header`);
      continue;
    }
    const target = header.split('/')[0];
    if (!header.includes('/')) report.error(place, `"${header}" must name its folder`);
    else if (!(target in mayInclude)) report.error(place, `"${header}" is in no stage`);
    else if (target !== folder && !mayInclude[folder].includes(target)) {
      report.error(place, `native/${folder} may not include native/${target} ("${header}")`);
    }
  }
}

function checkLibraries(path, folder, code, report) {
  for (const { name, pattern, folder: owner } of libraries) {
    if (folder === owner) continue;
    for (const match of code.matchAll(pattern)) {
      report.error(`${path}:${lineOf(code, match.index)}`, `${match[0]}: only native/${owner} knows ${name}`);
    }
  }
}

export function checkNativeFile(path, text, report) {
  const folder = path.split('/')[1];
  if (!(folder in mayInclude)) {
    report.error(path, `native/${folder} is not a stage; add it to the table of scripts/checks/native-layers.mjs`);
    return;
  }
  const codeWithStrings = withoutComments(text);
  checkIncludes(path, folder, codeWithStrings, report);
  checkLibraries(path, folder, codeWithStrings, report);
  const code = withoutComments(text, { strings: false });
  for (const [pattern, what] of forbidden) {
    for (const match of code.matchAll(pattern))
      report.error(`${path}:${lineOf(code, match.index)}`, `${match[0].trim()}: ${what}`);
  }
}
