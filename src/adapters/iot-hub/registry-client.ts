import { readFileSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import https from 'node:https';
import iothub from 'azure-iothub';
import restHttp from 'azure-iothub/dist/common-http/http.js';
import restApi from 'azure-iothub/dist/common-http/rest_api_client.js';
import type { HubOperation } from '../../contracts/device/hub-tier.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { parseServiceConnection, type HubConfig, type ServiceConnection } from './hub-config.ts';
import { HubDeadlineError, readAnswer, toHubFailure } from './hub-failure.ts';
import { RateLimiter } from './rate-limiter.ts';

type RestArguments = Parameters<restApi.RestApiClient['executeApiCall']>;
type RestRequest = NonNullable<restHttp.HttpRequestOptions['request']>;
type RestCallback = restApi.RestApiClient.ResponseCallback;

type QueryAnswer = Awaited<ReturnType<ReturnType<iothub.Registry['createQuery']>['next']>>;

const DEFAULT_TIMEOUT_MS = 15_000;
const TOKEN_SECONDS = 3600;
/** Of the hub's limits: calls that left evenly may arrive closer together. */
const SHARE = 0.9;

/**
 * Microsoft's HTTP layer, handing over a refusal as it came. The client's own reading of it loses
 * the code, cuts the text at a semicolon, and fails on bodies without a Message (bulk calls).
 */
class PlainHttp extends restHttp.Http {
  override buildRequest(...given: Parameters<restHttp.Http['buildRequest']>): ClientRequest {
    const [method, path, headers, host, options, last] = given;
    const done = typeof options === 'function' ? options : last;
    return super.buildRequest(method, path, headers, host, options, (error, body, response) => {
      if (!error || !response) done?.(error, body, response);
      else done?.(Object.assign(new Error(response.statusMessage), { response, responseBody: body }));
    });
  }
}

/**
 * Microsoft's REST client with what it lacks: a port, a CA, and a deadline after which the
 * connection is cut.
 */
class BoundedRestClient extends restApi.RestApiClient {
  readonly #port: number;
  readonly #timeoutMs: number;
  readonly #agent: https.Agent;

  constructor(
    transport: restApi.RestApiClient.TransportConfig,
    options: { port: number; timeoutMs: number; agent: https.Agent },
  ) {
    super(transport, 'windlass', new PlainHttp());
    this.#port = options.port;
    this.#timeoutMs = options.timeoutMs;
    this.#agent = options.agent;
  }

  /** The registry sets an agent of its own here, without our CA; ours stays. */
  override setOptions(): void {
    super.setOptions({ http: { agent: this.#agent } });
  }

  override executeApiCall(...given: RestArguments): void {
    const [method, path, headers, body] = given;
    const done = given.findLast((argument) => typeof argument === 'function') as RestCallback;
    const controller = new AbortController();
    let answered = false;
    const once: RestCallback = (error, result, response) => {
      if (answered) return;
      answered = true;
      clearTimeout(timer);
      done(error, result, response);
    };
    const timer = setTimeout(() => {
      once(new HubDeadlineError(this.#timeoutMs));
      controller.abort();
    }, this.#timeoutMs);
    const request: RestRequest = (options, callback) => {
      const given = typeof options === 'string' ? { path: options } : options;
      return https.request({ ...given, signal: controller.signal }, (response) => {
        response.on('close', () => {
          if (!response.complete) once(new Error('the connection was cut within the answer'));
        });
        callback?.(response);
      });
    };
    super.executeApiCall(method, path, headers, body, { port: this.#port, request }, once);
  }
}

/**
 * One connection to a hub: Microsoft's registry client behind a rate limiter, with deadlines and
 * the product's errors.
 */
export class HubConnection {
  readonly service: ServiceConnection;
  readonly mqttPort: number | undefined;
  readonly #registry: iothub.Registry;
  readonly #agent: https.Agent;
  readonly #limiter: RateLimiter;
  readonly #calls = new Map<HubOperation, number>();

  constructor(config: HubConfig) {
    this.service = parseServiceConnection(config.connectionString);
    this.mqttPort = config.mqttPort;
    const tier = config.tier ?? (config.port === undefined ? 'S1' : 'none');
    this.#limiter = new RateLimiter(tier, { units: config.units, share: SHARE });
    this.#agent = new https.Agent({ keepAlive: true, maxSockets: 32, ca: readCa(config.caFile) });
    const { hostname, policy, key } = this.service;
    // the client extends it on every call
    const expiry = Math.ceil(Date.now() / 1000) + TOKEN_SECONDS;
    const transport = {
      host: hostname,
      sharedAccessSignature: iothub.SharedAccessSignature.create(hostname, policy, key, expiry),
    };
    const rest = new BoundedRestClient(transport, {
      port: config.port ?? 443,
      timeoutMs: config.requestTimeoutMs ?? DEFAULT_TIMEOUT_MS,
      agent: this.#agent,
    });
    this.#registry = new iothub.Registry(transport, rest);
  }

  /**
   * Makes one call in its turn; `doing` completes "while …" in the error. The call is never
   * repeated here.
   */
  async call<T>(
    operation: HubOperation,
    doing: string,
    make: (registry: iothub.Registry) => Promise<T>,
  ): Promise<T> {
    await this.#limiter.take(operation);
    this.#calls.set(operation, (this.#calls.get(operation) ?? 0) + 1);
    try {
      return await make(this.#registry);
    } catch (error) {
      const failure = toHubFailure(error, doing);
      if (failure.code === 'HUB_THROTTLED') {
        const answer = readAnswer(error as Parameters<typeof readAnswer>[0]);
        this.#limiter.pause(operation, (answer?.retryAfterSeconds ?? 1) * 1000);
      }
      throw failure;
    }
  }

  /** All rows of a query, page by page. */
  async query<T>(text: string, doing: string, pageSize = 1000): Promise<T[]> {
    const rows: T[] = [];
    let token: string | null = null;
    do {
      const next: string | null = token;
      const answer: QueryAnswer = await this.call('query', doing, (registry) => {
        const query = registry.createQuery(text, pageSize);
        return next === null ? query.next() : query.next(next);
      });
      rows.push(...(answer.result as T[]));
      const continuation: unknown = answer.message?.headers['x-ms-continuation'];
      token = typeof continuation === 'string' && continuation !== '' ? continuation : null;
    } while (token !== null);
    return rows;
  }

  /** Calls made so far, by operation class: what a cost test counts. */
  calls(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#calls);
  }

  close(): void {
    this.#agent.destroy();
  }
}

function readCa(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new WindlassError('CONFIG_INVALID', `hub.caFile: ${file} cannot be read.`, { cause: error });
  }
}
