/** `table`: what load-table.mjs gives. Path of a file to its text, before it is formatted. */
export function generate(table: object): Record<string, string>;
