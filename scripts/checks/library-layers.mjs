// The layer rules of lib/: who may import whom, who may touch the addon, the file system and the standard streams.
import { posix } from 'node:path';
import { lineOf, withoutComments } from './sources.mjs';

/** Rooms of lib/ and what they may import. '.' is lib/index.ts, which names what is public and holds nothing. */
const mayImport = {
  core: ['core'],
  native: ['native', 'core'],
  options: ['options', 'storage', 'model', 'slide', 'scoring', 'native', 'core'],
  slide: ['slide', 'storage', 'options', 'native', 'core'],
  model: ['model', 'options', 'scoring', 'native', 'core'],
  scoring: ['scoring', 'slide', 'model', 'options', 'native', 'core'],
  runs: ['runs', 'images', 'storage', 'outputs', 'scoring', 'slide', 'model', 'options', 'native', 'core'],
  // Files beside the table: written as lib/runs writes its own, for one slide and for a run.
  outputs: ['outputs', 'storage', 'runs', 'scoring', 'slide', 'model', 'options', 'native', 'core'],
  // Files of lesion images: where each image is.
  images: ['images', 'storage', 'core'],
  // How good a finished table is: reads tables as lib/runs does.
  metrics: ['metrics', 'runs', 'options', 'core'],
  // Bytes that are not on this machine's disks: HTTP and object storage, as sources and as places for outputs.
  storage: ['storage', 'core'],
  // One run on many machines: who takes which slide, the parts, and their merge.
  shards: ['shards', 'runs', 'images', 'outputs', 'scoring', 'slide', 'model', 'options', 'native', 'core'],
  // Scores over HTTP, and its client, which needs neither the addon nor Node.js.
  serve: ['serve', 'client', 'storage', 'outputs', 'scoring', 'slide', 'model', 'options', 'native', 'core'],
  client: ['client', 'core'],
  // Objects of Kubernetes, and a whole pipeline of them.
  kube: ['kube', 'core'],
  pipeline: ['pipeline', 'kube', 'core'],
  // What runs in the box of a challenge, and what packs it, uses public names as any other program would.
  competition: ['competition', '.', 'core'],
  // The command line uses public names; core has plain text helpers.
  cli: ['cli', '.', 'competition', 'serve', 'client', 'kube', 'pipeline', 'core'],
  '.': [
    'shards',
    'storage',
    'metrics',
    'images',
    'runs',
    'outputs',
    'scoring',
    'slide',
    'model',
    'options',
    'native',
    'core',
  ],
};

/** Node modules with a rule of their own: who may import them. An empty list means nobody. */
const restricted = [
  {
    modules: /^node:(?:http|https|http2|net|tls|dgram|dns)\b/,
    allowed: [/^lib\/(?:storage|serve|client|kube|pipeline)\//],
    why: 'only lib/storage, lib/serve, lib/client, lib/kube and lib/pipeline open connections',
  },
  {
    modules: /^@aws-sdk\//,
    allowed: [/^lib\/storage\/s3\//],
    why: 'only lib/storage/s3 knows the AWS SDK',
  },
  {
    modules: /^@kubernetes\//,
    allowed: [/^lib\/kube\/apply\//],
    why: 'only lib/kube/apply talks to a cluster',
  },
  {
    modules: /^prom-client$/,
    allowed: [/^lib\/serve\//],
    why: 'only lib/serve has metrics',
  },
  {
    modules: /^node:(?:child_process|cluster)\b/,
    allowed: [/^lib\/competition\/pack\/npm\.ts$/, /^lib\/pipeline\/local\//],
    why: 'the library starts no process, but for npm when a submission is packed, and the steps of a local pipeline',
  },
  {
    modules: /^node:module$|^node-gyp-build$/,
    allowed: [/^lib\/native\//, /^lib\/core\/package-root\.ts$/],
    why: 'only lib/native loads the addon',
  },
  {
    modules: /^node:fs\b/,
    allowed: [
      /^lib\/runs\//,
      /^lib\/outputs\//,
      /^lib\/images\//,
      /^lib\/model\//,
      /^lib\/native\//,
      /^lib\/cli\//,
      /^lib\/competition\//,
      /^lib\/(?:storage|shards|serve|kube|pipeline)\//,
      /^lib\/core\/(?:version|regular-file|package-root|elf\/binary-file)\.ts$/,
      /^lib\/slide\/(?:byte-source\.ts$|files\/)/,
    ],
    why: 'files are read and written in lib/runs, lib/outputs, lib/images, lib/model, lib/native, lib/cli, lib/competition, lib/storage, lib/shards, lib/serve, lib/kube, lib/pipeline, lib/core/regular-file and the sources of input',
  },
  {
    modules: /^(?:sharp|onnxruntime-node|onnxruntime-common)\b/,
    allowed: [],
    why: 'its library is opened natively',
  },
];

/** Programs have streams and an end of their own. */
const kPrograms = /^lib\/(?:cli|competition\/box)\//;

const forbidden = [
  {
    pattern: /\bconsole\s*\.\s*\w+/g,
    what: 'writes to the standard streams',
    except: /^$/,
  },
  {
    pattern: /\bprocess\s*\.\s*(?:stdout|stderr)\b/g,
    what: 'writes to the standard streams',
    except: kPrograms,
  },
  {
    pattern: /\bprocess\s*\.\s*(?:exit|abort|reallyExit)\b/g,
    what: 'ends the process',
    except: kPrograms,
  },
  {
    pattern: /\bprocess\s*\.\s*kill\b/g,
    what: 'ends a process; lib/pipeline/local ends those that it started',
    except: /^lib\/(?:cli|competition\/box|pipeline\/local)\//,
  },
  {
    pattern: /\bprocess\s*\.\s*dlopen\b/g,
    what: 'only lib/native loads the addon',
    except: /^lib\/native\//,
  },
  {
    pattern: /(?<![\w.])fetch\s*\(/g,
    what: 'opens a connection',
    except: /^lib\/(?:storage|client|pipeline)\//,
  },
];

/** The benchmark command still reads folders as a run does. */
const isBench = (path) => /^lib\/cli\/(?:bench\/|commands\/bench\.ts$)/.test(path);

const folderOf = (path) => (path.split('/').length === 2 ? '.' : path.split('/')[1]);

function checkImport(path, specifier, place, report) {
  const rule = restricted.find(({ modules }) => modules.test(specifier));
  if (rule !== undefined && !rule.allowed.some((pattern) => pattern.test(path))) {
    report.error(place, `'${specifier}': ${rule.why}`);
  }
  if (!specifier.startsWith('.')) return;
  const target = posix.join(posix.dirname(path), specifier);
  if (!target.startsWith('lib/')) {
    report.error(place, `'${specifier}' leaves lib/`);
    return;
  }
  const [from, to] = [folderOf(path), folderOf(target)];
  if (to === 'competition' && from !== to && target !== 'lib/competition/index.js') {
    report.error(place, `'${specifier}' is no public name of lib/competition`);
    return;
  }
  if (target === 'lib/index.js' && from !== 'cli' && from !== 'competition') {
    report.error(place, 'nothing inside the library imports its index');
    return;
  }
  if (isBench(path)) return;
  if (!mayImport[from].includes(to)) report.error(place, `lib/${from} may not import lib/${to} ('${specifier}')`);
}

export function checkLibraryFile(path, text, report) {
  const folder = folderOf(path);
  if (!(folder in mayImport)) {
    report.error(path, `lib/${folder} is not in the table of scripts/checks/library-layers.mjs`);
    return;
  }
  const withStrings = withoutComments(text);
  const imports = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+|\brequire\s*\(\s*)(['"])([^'"\n]+)\1/g;
  for (const match of withStrings.matchAll(imports)) {
    checkImport(path, match[2], `${path}:${lineOf(withStrings, match.index)}`, report);
  }
  const code = withoutComments(text, { strings: false });
  for (const { pattern, what, except } of forbidden) {
    if (except.test(path)) continue;
    for (const match of code.matchAll(pattern))
      report.error(`${path}:${lineOf(code, match.index)}`, `${match[0]}: ${what}`);
  }
}
