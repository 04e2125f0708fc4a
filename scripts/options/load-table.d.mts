export function loadTable(): Promise<object>;
