// Tables inside pages: what a script computes stands between two marks, and a check says when it is no longer what the
// script computes.
//   <!-- computed: name -->
//   ...
//   <!-- end -->
import { readFile, writeFile } from 'node:fs/promises';

/** A Markdown table; numbers are aligned to the right. */
export function table(heads, rows) {
  const numeric = heads.map((_, column) => rows.every((row) => /^[\d(<≥~−-]/.test(String(row[column]))));
  return [
    `| ${heads.join(' | ')} |`,
    `| ${numeric.map((is) => (is ? '---:' : '---')).join(' | ')} |`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

/** The page with every marked part replaced. Throws for a part without marks and for marks without a part. */
export function fill(page, parts) {
  const used = new Set();
  const filled = page.replace(/(<!-- computed: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, open, name, close) => {
    if (parts[name] === undefined) throw new Error(`the page has a place for "${name}", which nothing computes`);
    used.add(name);
    return `${open}${parts[name]}\n${close}`;
  });
  for (const name of Object.keys(parts)) if (!used.has(name)) throw new Error(`the page has no place for "${name}"`);
  return filled;
}

/** Writes the page, or with check = true only says whether it is up to date. */
export async function updatePage(path, parts, { check }) {
  const before = await readFile(path, 'utf8');
  const after = fill(before, parts);
  if (before !== after && !check) await writeFile(path, after);
  return before === after;
}
