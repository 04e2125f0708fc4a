/** competition/main.py by itself, with a script in the place of Node.js: what it passes on, and what it keeps back. */
import { execFile, spawnSync } from 'node:child_process';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { boxFailures, lineGrammar } from '../../lib/competition/box/log-lines.js';
import { mainFile, runBox, startBox, temporaryFolder, unpackedBox, withoutTimes } from './support/unpacked-box.js';

const run = promisify(execFile);
const script = (body: string): string => `#!/bin/sh\n${body}\n`;
const grammar = new RegExp(`^(?:${lineGrammar})$`);

/** A change of the date does not move it. */
const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/** In the copy of main.py in this folder. */
async function edit(folder: string, from: string, to: string): Promise<void> {
  const text = await readFile(join(folder, 'main.py'), 'utf8');
  expect(text).toContain(from);
  await writeFile(join(folder, 'main.py'), text.replace(from, to));
}

describe('main.py', () => {
  it('is Python 3.9, of the standard library alone', async () => {
    const folder = await temporaryFolder();
    const copy = join(folder, 'main.py');
    await writeFile(copy, await readFile(mainFile));
    await run('python3', ['-I', '-m', 'py_compile', copy]);
    const tree = [
      'import ast, json, sys',
      'tree = ast.parse(open(sys.argv[1]).read(), feature_version=(3, 9))',
      'print(json.dumps([alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]))',
      'assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))',
    ].join('\n');
    const { stdout } = await run('python3', ['-I', '-c', tree, copy]);
    const used = JSON.parse(stdout) as string[];
    const known = `import json, sys\nprint(json.dumps(sorted(set(${JSON.stringify(used)}) - set(sys.stdlib_module_names))))`;
    expect(JSON.parse((await run('python3', ['-I', '-c', known])).stdout)).toEqual([]);
    expect(used.length).toBeGreaterThan(3);
  });

  it('has the grammar of the program', async () => {
    const print = "import runpy, sys\nprint(runpy.run_path(sys.argv[1], run_name='other')['LINE'])";
    const { stdout } = await run('python3', ['-I', '-B', '-c', print, mainFile]);
    expect(stdout).toBe(`${lineGrammar}\n`);
    expect(boxFailures.length).toBe(new Set(boxFailures).size);
  });

  it('prints lines of the grammar, whole, in their order, and nothing else of either stream', async () => {
    const said = [
      'microtome 1.2.3',
      'device cpu',
      'stage start 0:00:01',
      'progress 5% 0:00:02',
      'progress 100% 12:00:02',
    ];
    const kept = [
      'slide qpbyhjj8.tif failed',
      'progress 7% 0:00:02',
      'progress 105% 0:00:02',
      'stage start 0:00:01 and more',
      ' device cpu',
      'device Tesla K80',
      'failed SLIDES_41 0:00:01',
      'failed TRUNCATED /data/a.tif 0:00:01',
      `${'x'.repeat(256)}device cpu`,
      `${'x'.repeat(255)}device cpu`,
    ];
    const body = [...said, ...kept, 'done 0:00:03'].flatMap((line) => [`echo '${line}'`, `echo '${line}' >&2`]);
    const folder = await unpackedBox({ node: script([...body, "printf 'device cpu'"].join('\n')) });
    const { code, lines, stderr } = await runBox(folder);
    expect([code, lines, stderr]).toEqual([0, [...said, 'done 0:00:03'], '']);
    for (const line of kept) expect(grammar.test(line), line).toBe(false);
  });

  it.each([0, 1, 3, 4, 130])('exits with code %d as Node.js does', async (code) => {
    const folder = await unpackedBox({ node: script(`echo 'done 0:00:03'\nexit ${code}`) });
    expect((await runBox(folder)).code).toBe(code);
  });

  it('exits with 128 and the signal that ended Node.js, and says that it died', async () => {
    const folder = await unpackedBox({ node: script('kill -KILL $$') });
    const { code, lines } = await runBox(folder);
    expect([code, withoutTimes(lines)]).toEqual([137, ['failed NODE_DIED T']]);
  });

  it.each([
    ['done 0:00:03', 0],
    ['failed DISK_FULL 0:00:03', 1],
    ['failed INTERRUPTED 0:00:03', 130],
  ])('does not wait for ever for a Node.js that said %s and does not end', async (last, code) => {
    const folder = await unpackedBox({ node: script(`echo 'device cpu'\necho '${last}'\nexec sleep 600`) });
    await edit(folder, 'END_WAIT = 10', 'END_WAIT = 0.1');
    expect(await runBox(folder)).toEqual({ code, lines: ['device cpu', last], stderr: '' });
  });

  it('a time that is too long for the grammar is cut', async () => {
    const folder = await unpackedBox({ node: 'no program' });
    await edit(folder, 'STARTED = time.monotonic()', 'STARTED = time.monotonic() - 5e6');
    expect((await runBox(folder)).lines).toEqual(['failed NODE_NOT_STARTED 999:59:59']);
  });

  it('closes what it opened', async () => {
    const folder = await unpackedBox({ node: script("echo 'done 0:00:00'") });
    const warned = spawnSync('python3', ['-I', '-X', 'dev', 'main.py'], { cwd: folder, encoding: 'utf8' });
    expect([warned.status, warned.stderr]).toEqual([0, '']);
  });

  it('takes an end without a last word for a failure', async () => {
    const folder = await unpackedBox({ node: script("echo 'device cpu'") });
    const { code, lines } = await runBox(folder);
    expect([code, withoutTimes(lines)]).toEqual([1, ['device cpu', 'failed NODE_DIED T']]);
  });

  it('says that Node.js cannot be started, in one line', async () => {
    const folder = await unpackedBox({ node: 'no program' });
    const missing = await unpackedBox({ node: '' });
    await rm(join(missing, 'microtome/node/bin/node'));
    for (const one of [folder, missing]) {
      const { code, lines, stderr } = await runBox(one);
      expect([code, withoutTimes(lines), stderr]).toEqual([1, ['failed NODE_NOT_STARTED T'], '']);
    }
  });

  it('gives Node.js back the permission to run that an archive may lose', async () => {
    const folder = await unpackedBox({ node: script("echo 'done 0:00:00'") });
    await chmod(join(folder, 'microtome/node/bin/node'), 0o644);
    expect(await runBox(folder)).toMatchObject({ code: 0, lines: ['done 0:00:00'] });
  });

  it('starts Node.js with the program, the folder, and an environment without anything from outside', async () => {
    const folder = await unpackedBox({ node: script('env > environment\necho "$@" > arguments\necho done 0:00:00') });
    const outside = {
      NODE_OPTIONS: '--inspect',
      NODE_PATH: '/nowhere',
      LD_LIBRARY_PATH: '/nowhere',
      HTTP_PROXY: 'http://nowhere',
      MICROTOME_ONNXRUNTIME: '/nowhere',
      MICROTOME_BOX_DEADLINE: '60',
      CUDA_VISIBLE_DEVICES: '0',
    };
    const before = monotonicMs();
    expect((await runBox(folder, outside)).code).toBe(0);
    const inside = join(folder, 'microtome');
    const program = join(inside, 'package/node_modules/microtome/dist/competition/box/main.js');
    expect(await readFile(join(folder, 'arguments'), 'utf8')).toBe(`--no-warnings ${program} ${inside}\n`);
    const lines = (await readFile(join(folder, 'environment'), 'utf8')).trimEnd().split('\n');
    const found = new Map(lines.map((line) => line.split('=') as [string, string]));
    // The shell adds the last two by itself.
    for (const name of ['PWD', '_', 'SHLVL', 'OLDPWD']) found.delete(name);
    expect([...found.keys()].sort()).toEqual([
      'CUDA_VISIBLE_DEVICES',
      'LANG',
      'MICROTOME_BOX_DEADLINE',
      'MICROTOME_BOX_STARTED',
      'PATH',
    ]);
    expect(Number(found.get('MICROTOME_BOX_STARTED'))).toBeGreaterThanOrEqual(before - 1);
    expect(Number(found.get('MICROTOME_BOX_STARTED'))).toBeLessThanOrEqual(monotonicMs());
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('passes %s on', async (signal) => {
    const name = signal.slice(3);
    const body = `trap 'echo "failed INTERRUPTED 0:00:09"; exit 130' ${name}\necho 'device cpu'\nwhile :; do read -r line || exit 9; done`;
    const folder = await unpackedBox({ node: script(body) });
    const box = startBox(folder, {}, (line, child) => void (line === 'device cpu' && child.kill(signal)));
    expect(await box.ended).toBe(130);
    expect(box.lines).toEqual(['device cpu', 'failed INTERRUPTED 0:00:09']);
  });

  it('a signal that ends Node.js before it listens is an interruption too', async () => {
    const folder = await unpackedBox({ node: script("echo 'device cpu'\nwhile :; do read -r line || exit 9; done") });
    const box = startBox(folder, {}, (line, child) => void (line === 'device cpu' && child.kill('SIGTERM')));
    expect(await box.ended).toBe(143);
    expect(withoutTimes(box.lines)).toEqual(['device cpu', 'failed INTERRUPTED T']);
  });

  it('goes on where nobody reads what it says', async () => {
    const body = "echo 'device cpu'\nsleep 0.2\necho 'stage start 0:00:00'\necho 'done 0:00:01'\nexit 4";
    const folder = await unpackedBox({ node: script(body) });
    const box = startBox(folder, {}, (_, child) => child.stdout?.destroy());
    expect([await box.ended, box.stderr()]).toEqual([4, '']);
  });
});
