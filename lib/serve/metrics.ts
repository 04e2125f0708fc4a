/** What the server counts, for Prometheus. In a registry of its own: the program around it may have another. */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Numbers that are read when somebody asks. */
export interface Readings {
  readonly requestsInWork: () => number;
  readonly requestsWaiting: () => number;
  readonly heldBytes: () => number;
  readonly waitingRows: () => readonly { readonly model: string; readonly rows: number }[];
  readonly slideJobs: () => Readonly<Record<string, number>>;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export class ServerMetrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<'route' | 'status'>;
  readonly #seconds: Histogram<'route'>;
  readonly #rows: Counter<'model'>;
  readonly #batchRows: Histogram<'model'>;
  readonly #batchRequests: Counter<'model'>;

  constructor(readings: Readings) {
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: 'microtome_http_requests_total',
      help: 'Requests that were answered, by kind of address and status.',
      labelNames: ['route', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'microtome_http_request_duration_seconds',
      help: 'Time from the headers of a request to the end of its answer.',
      labelNames: ['route'],
      buckets: seconds,
      registers,
    });
    this.#rows = new Counter({
      name: 'microtome_inferred_rows_total',
      help: 'Images and rows of tensors that were answered.',
      labelNames: ['model'],
      registers,
    });
    this.#batchRows = new Histogram({
      name: 'microtome_batch_rows',
      help: 'Rows of a batch.',
      labelNames: ['model'],
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
      registers,
    });
    this.#batchRequests = new Counter({
      name: 'microtome_batch_requests_total',
      help: 'Requests in batches; one counts once for each batch that it has rows in.',
      labelNames: ['model'],
      registers,
    });
    this.#read('microtome_requests_in_work', 'Requests of inference that are worked on.', readings.requestsInWork);
    this.#read('microtome_requests_waiting', 'Requests of inference that wait.', readings.requestsWaiting);
    this.#read('microtome_held_bytes', 'Bytes of bodies of requests that are held.', readings.heldBytes);
    this.#read('microtome_resident_bytes', 'Memory of the process.', () => process.memoryUsage.rss());
    this.#readLabelled(readings);
  }

  #read(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value());
      },
    });
  }

  #readLabelled({ waitingRows, slideJobs }: Readings): void {
    const registers = [this.#registry];
    new Gauge({
      name: 'microtome_waiting_rows',
      help: 'Rows that are in no batch yet.',
      labelNames: ['model'],
      registers,
      collect() {
        for (const { model, rows } of waitingRows()) this.set({ model }, rows);
      },
    });
    new Gauge({
      name: 'microtome_slide_jobs',
      help: 'Jobs over slides that are kept, by state.',
      labelNames: ['state'],
      registers,
      collect() {
        for (const [state, count] of Object.entries(slideJobs())) this.set({ state }, count);
      },
    });
  }

  answered(route: string, status: number, elapsedMs: number): void {
    this.#requests.inc({ route, status });
    this.#seconds.observe({ route }, elapsedMs / 1000);
  }

  inferred(model: string, rows: number): void {
    this.#rows.inc({ model }, rows);
  }

  batch(model: string, rows: number, requests: number): void {
    this.#batchRows.observe({ model }, rows);
    this.#batchRequests.inc({ model }, requests);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
