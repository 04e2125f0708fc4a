// Caps on the length of files and functions. Beyond the first number a warning, beyond the second an error.
const fileLines = { warn: 400, fail: 600 };
const functionLines = { warn: 60, fail: 100 };

/** Lines that open a body but are no function. */
const notFunction =
  /^\s*(?:if|else|for|while|switch|do|try|catch|namespace|class|struct|enum|union|describe|extern|\})\b|^\s*\}/;

/** Functions of formatted code: a line with `)` that ends in `{`, up to the first line that closes its indentation. */
export function functionsOf(text) {
  const lines = text.split('\n');
  const found = [];
  for (let start = 0; start < lines.length; start++) {
    const line = lines[start];
    if (!line.endsWith('{') || !line.includes(')') || notFunction.test(line)) continue;
    const indent = line.match(/^ */)[0];
    if (indent.length > 4) continue;
    const close = lines.findIndex((other, index) => index > start && other.startsWith(`${indent}}`));
    if (close > 0)
      found.push({
        line: start + 1,
        length: close - start + 1,
        head: line.trim(),
      });
  }
  return found;
}

export function checkSizes(path, text, report) {
  const lines = text.split('\n').length - 1;
  // A file that is made from a table is as long as the table.
  const isMade = /\/generated-[\w-]+\.ts$/.test(path);
  if (lines > fileLines.fail && !isMade) report.error(path, `${lines} lines; at most ${fileLines.fail}`);
  else if (lines > fileLines.warn) report.warning(path, `${lines} lines; aim at ${fileLines.warn}`);
  for (const { line, length, head } of functionsOf(text)) {
    const what = `${head.slice(0, 60)} has ${length} lines`;
    if (length > functionLines.fail) report.error(`${path}:${line}`, `${what}; at most ${functionLines.fail}`);
    else if (length > functionLines.warn) report.warning(`${path}:${line}`, `${what}; aim at ${functionLines.warn}`);
  }
}
