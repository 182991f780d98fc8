/** Bounds of the inference latency histogram, in seconds. */
const LATENCY_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1] as const;

type Labels = Readonly<Record<string, string>>;

const escape = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const format = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([k, v]) => `${k}="${escape(v)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
};

/** Value of a metric at the moment it is scraped. */
export interface Sample {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly labels?: Labels;
  readonly value: number;
}

/** The module's metrics in the Prometheus text format 0.0.4. */
export class Metrics {
  readonly #requests = new Map<string, { labels: Labels; n: number }>();
  readonly #buckets = new Array<number>(LATENCY_BOUNDS.length + 1).fill(0);
  #latencySum = 0;

  countRequest(route: string, status: number): void {
    const labels = { route, status: String(status) };
    const key = format(labels);
    const entry = this.#requests.get(key);
    if (entry) entry.n += 1;
    else this.#requests.set(key, { labels, n: 1 });
  }

  /** One inference request's time in the model, in seconds. */
  observeInference(seconds: number): void {
    const bucket = LATENCY_BOUNDS.findIndex((bound) => seconds <= bound);
    const index = bucket === -1 ? LATENCY_BOUNDS.length : bucket;
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    this.#latencySum += seconds;
  }

  /** The whole page; `samples` are read at the moment of the scrape. */
  render(samples: readonly Sample[]): string {
    const lines: string[] = [];
    for (const sample of samples) {
      lines.push(`# HELP ${sample.name} ${sample.help}`, `# TYPE ${sample.name} ${sample.type}`);
      lines.push(`${sample.name}${format(sample.labels ?? {})} ${sample.value}`);
    }
    lines.push('# HELP windlass_http_requests_total HTTP requests by route and status.');
    lines.push('# TYPE windlass_http_requests_total counter');
    for (const { labels, n } of this.#requests.values())
      lines.push(`windlass_http_requests_total${format(labels)} ${n}`);
    lines.push('# HELP windlass_inference_seconds Time of an inference request in the model.');
    lines.push('# TYPE windlass_inference_seconds histogram');
    let total = 0;
    for (const [i, bound] of [...LATENCY_BOUNDS, '+Inf'].entries()) {
      total += this.#buckets[i] ?? 0;
      lines.push(`windlass_inference_seconds_bucket{le="${bound}"} ${total}`);
    }
    lines.push(
      `windlass_inference_seconds_sum ${this.#latencySum}`,
      `windlass_inference_seconds_count ${total}`,
    );
    return `${lines.join('\n')}\n`;
  }
}
