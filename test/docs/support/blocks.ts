// The code blocks of a page of documentation. Three backquotes open one, with a language and words that say how it is run:
//
//   js, ts, sh      run; ts is type-checked too
//   json            parsed
//   file=NAME       written under this name, for the blocks after it
//   exit=N          ends with this exit code instead of 0
//   no-run=REASON   cannot run here
import { readFileSync } from 'node:fs';

export const runnable = ['js', 'ts', 'sh'] as const;

export interface Block {
  readonly language: string;
  readonly code: string;
  /** Of the fence, counted from 1. */
  readonly line: number;
  readonly file: string | null;
  readonly exitCode: number;
  /** Why the block is not run; null: it is. */
  readonly notRun: string | null;
}

const fence = /^( *)```(.*)$/;

function blockOf(info: string, code: string, line: number): Block {
  const [language = '', ...words] = info.trim().split(/\s+/);
  const wordOf = (name: string): string | null =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
  const unknown = words.filter((word) => !/^(?:file|exit|no-run)=.+$/.test(word));
  if (unknown.length > 0) throw new Error(`line ${line}: the code block has the unknown words ${unknown.join(', ')}`);
  return {
    language,
    code,
    line,
    file: wordOf('file'),
    exitCode: Number(wordOf('exit') ?? 0),
    notRun: wordOf('no-run'),
  };
}

/** Every fenced block of a page, in order. */
export function blocksOf(page: string): readonly Block[] {
  const lines = readFileSync(page, 'utf8').split('\n');
  const blocks: Block[] = [];
  let open: { info: string; line: number; indent: string; code: string[] } | null = null;
  for (const [i, text] of lines.entries()) {
    const found = fence.exec(text);
    if (found !== null && open === null) {
      open = { info: found[2] ?? '', line: i + 1, indent: found[1] ?? '', code: [] };
    } else if (found !== null && open !== null) {
      blocks.push(blockOf(open.info, `${open.code.join('\n')}\n`, open.line));
      open = null;
    } else if (open !== null) {
      open.code.push(text.startsWith(open.indent) ? text.slice(open.indent.length) : text);
    }
  }
  if (open !== null) throw new Error(`${page}: the block of line ${open.line} is not closed`);
  return blocks;
}
