// What a check found. Errors fail it; warnings are only shown.
export class Report {
  #errors = [];
  #warnings = [];

  error(place, message) {
    this.#errors.push(`${place}: ${message}`);
  }

  warning(place, message) {
    this.#warnings.push(`warning: ${place}: ${message}`);
  }

  get errors() {
    return this.#errors;
  }

  /** Prints everything and sets the exit code. */
  finish(name, looked) {
    for (const line of [...this.#warnings, ...this.#errors]) process.stdout.write(`${line}\n`);
    process.stdout.write(`${name}: ${looked}, ${this.#errors.length} errors, ${this.#warnings.length} warnings\n`);
    if (this.#errors.length > 0) process.exitCode = 1;
  }
}
