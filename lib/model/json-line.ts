/** Finds the line of a JSON pointer in the text it came from, so that a message can name it. The text has been parsed. */

function skipSpace(text: string, at: number): number {
  while (at < text.length && ' \t\r\n'.includes(text[at] ?? '')) ++at;
  return at;
}

/** From an opening quote to just behind the closing one. */
function skipString(text: string, at: number): number {
  for (++at; at < text.length && text[at] !== '"'; ++at) {
    if (text[at] === '\\') ++at;
  }
  return at + 1;
}

/** From the start of a value to just behind it. Iterative: nesting costs no stack. */
function skipValue(text: string, at: number): number {
  let depth = 0;
  do {
    at = skipSpace(text, at);
    const c = text[at];
    if (c === '"') at = skipString(text, at);
    else if (c === '{' || c === '[') [depth, at] = [depth + 1, at + 1];
    else if (c === '}' || c === ']') [depth, at] = [depth - 1, at + 1];
    else if (c === ',' || c === ':') ++at;
    else while (at < text.length && !' \t\r\n,:]}'.includes(text[at] ?? '')) ++at;
  } while (depth > 0 && at < text.length);
  return at;
}

/** Start of member `token` of the object or array that starts at `at`, or null. A key's own position is returned. */
function enter(text: string, at: number, token: string): { key: number; value: number } | null {
  const isArray = text[at] === '[';
  let index = 0;
  at = skipSpace(text, at + 1);
  while (at < text.length && text[at] !== ']' && text[at] !== '}') {
    const key = at;
    let name = String(index++);
    if (!isArray) {
      const end = skipString(text, at);
      name = JSON.parse(text.slice(at, end)) as string;
      at = skipSpace(text, skipSpace(text, end) + 1);
    }
    if (name === token) return { key, value: at };
    at = skipSpace(text, skipValue(text, at));
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return null;
}

/** Line, from 1, of an offset. */
export function lineOfOffset(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) ++line;
  return line;
}

/** Line, from 1, of the key or element that `path` leads to; of its nearest parent when it is not there. */
export function lineOfPath(text: string, path: readonly string[]): number {
  let key = skipSpace(text, 0);
  let at = key;
  for (const token of path) {
    if (text[at] !== '{' && text[at] !== '[') break;
    const next = enter(text, at, token);
    if (next === null) break;
    [key, at] = [next.key, next.value];
  }
  return lineOfOffset(text, key);
}
