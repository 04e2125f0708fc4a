// Links of the pages lead to files and headings that exist, and so do the tests that the README names.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './support/workshop.js';

const guide = readdirSync(join(root, 'docs/guide')).map((name) => `docs/guide/${name}`);
const others = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'demo/README.md',
  ...others.map((name) => `docs/${name}`),
  ...guide,
];

const read = (page: string): string => readFileSync(join(root, page), 'utf8');
const withoutCode = (text: string): string => text.replace(/^ *```[\s\S]*?^ *```/gm, '');

/** As GitHub makes them of headings. */
function anchorsOf(page: string): readonly string[] {
  const headings = [...withoutCode(read(page)).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text);
  return headings.map((text) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What is wrong with a link from a page; null: nothing. */
function fault(page: string, link: string): string | null {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? join(root, page) : resolve(root, dirname(page), path);
  if (!existsSync(target)) return `${link}: no such file`;
  if (anchor === undefined) return null;
  return anchorsOf(target.slice(root.length)).includes(anchor) ? null : `${link}: no such heading`;
}

/** A file, a folder, or a name with a star. */
function isThere(name: string): boolean {
  const pattern = new RegExp(`^${basename(name).replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
  const folder = join(root, dirname(name));
  return existsSync(folder) && readdirSync(folder).some((entry) => pattern.test(entry));
}

describe('links', () => {
  it.each(pages)('%s', (page) => {
    const links = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const local = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(local.map((link) => fault(page, link)).filter((found) => found !== null)).toEqual([]);
  });

  it('every page of the guide is in both lists of jobs', () => {
    for (const page of guide.filter((name) => !name.endsWith('README.md'))) {
      expect(read('README.md')).toContain(`(${page})`);
      expect(read('docs/guide/README.md')).toContain(`(${page.slice('docs/guide/'.length)})`);
    }
  });

  it('every guarantee of the README names a test that exists', () => {
    const table = /## Guarantees[\s\S]*?\n## /.exec(read('README.md'))?.[0] ?? '';
    const rows = table.split('\n').filter((line) => line.startsWith('| ') && !/^\| (?:guarantee|---)/.test(line));
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows) {
      const names = [...row.matchAll(/`((?:native\/)?test\/[^`]*)`/g)].map(([, name = '']) => name);
      expect(names.length, row).toBeGreaterThan(0);
      for (const name of names) {
        expect(isThere(name), name).toBe(true);
      }
    }
  });
});
