import type { Client as RestClient } from 'openapi-fetch';
import createRestClient from 'openapi-fetch';
import { ApiError } from './api_error';
import { asObject, asText } from './decode';
import type { components, paths } from './generated/openapi';
import type { CallOptions, RequesterOptions } from './http';
import { Requester } from './http';
import { JobUpdates } from './job_updates';
import type { WhenHidden } from './shared_stream';
import type { SnapshotPatch } from './snapshot';
import { parseSnapshot } from './snapshot';
import { fetchTransport } from './transport';
import type { SessionContext } from './update_sessions';
import { sessionOf, sessionOfMine } from './update_sessions';
import { WatchHub } from './watch_hub';
import type { WatchUpdate } from './watch_updates';

export interface ClientOptions extends RequesterOptions {
  /** In a page: what watches do while nobody sees it. Default: `quiet`. */
  readonly whenHidden?: WhenHidden;
}

export interface WatchOptions {
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** With the texts. Default: true. */
  readonly text?: boolean;
  /** Most updates a second and job; 0: no limit. Default: the server's. */
  readonly maxRate?: number;
}

export interface WatchOneOptions extends WatchOptions {
  /** Goes on after the update that had this cursor, be it in another process. */
  readonly lastCursor?: string;
}

export interface WatchManyOptions extends WatchOptions {
  /** By job. */
  readonly lastCursors?: Readonly<Record<string, string>>;
}

/** A request for a job, as `POST /api/v1/ai/generate` takes it. */
export type GenerateRequest = components['schemas']['Generate'];

export interface GenwatchClient {
  /** Each route of the API, typed from its OpenAPI document. Answers errors, throws none. */
  readonly rest: RestClient<paths>;
  /**
   * Submits a job, and answers its id. With a `request_id` it may be repeated: the same id and
   * request answer the first job. Throws ApiError.
   */
  submit(request: GenerateRequest, options?: CallOptions): Promise<string>;
  /** The newest snapshot; null: there is no such job. Throws ApiError. */
  status(jobId: string, options?: CallOptions): Promise<SnapshotPatch | null>;
  /** All watches with equal wishes share one connection. */
  watch(jobId: string, options?: WatchOneOptions): JobUpdates;
  watchMany(jobIds: Iterable<string>, options?: WatchManyOptions): JobUpdates;
  /** All jobs of the caller that have not ended, those that come later included. */
  watchMine(options?: WatchOptions): JobUpdates;
  /** Waits for the last word about a job. */
  finished(jobId: string, options?: CallOptions): Promise<FinishedJob>;
  /** The connection, to be shared with JobWatch. */
  readonly hub: WatchHub;
  /** Closes all connections. Nothing is told afterwards. */
  close(): void;
}

export interface FinishedJob {
  /** `ended` or `missing`. */
  readonly last: WatchUpdate;
  readonly answer: string;
  readonly thinking: string;
}

/**
 * A client of one server. In a page the server is the page's own, unless `baseUrl` says otherwise;
 * elsewhere `baseUrl` is needed (TypeError).
 */
export function createClient(options: ClientOptions = {}): GenwatchClient {
  if ((options.baseUrl ?? '') === '' && typeof location === 'undefined') {
    throw new TypeError('createClient needs a baseUrl where there is no page');
  }
  const requester = new Requester(options);
  const hub = new WatchHub({
    transport: fetchTransport(requester),
    ...(options.whenHidden !== undefined && { whenHidden: options.whenHidden }),
  });
  const status = async (
    jobId: string,
    callOptions?: CallOptions,
  ): Promise<SnapshotPatch | null> => {
    const path = `/api/v1/ai/generation/${encodeURIComponent(jobId)}/status`;
    try {
      const json = await requester.json('GET', path, undefined, callOptions);
      return parseSnapshot(asObject(json['job']) ?? {});
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.status === 404) return null;
      throw thrown;
    }
  };
  const contextOf = ({ text = true, maxRate }: WatchOptions): SessionContext => ({
    hub,
    fetchStatus: status,
    wishes: { text, maxRate },
  });
  const watchMany: GenwatchClient['watchMany'] = (jobIds, watchOptions = {}) => {
    const ids = [...jobIds];
    const { lastCursors = {}, signal } = watchOptions;
    const context = contextOf(watchOptions);
    return new JobUpdates((wake) => sessionOf(ids, lastCursors, context, wake), signal);
  };
  return {
    hub,
    rest: restOf(requester),
    status,
    watchMany,
    watch(jobId, { lastCursor, ...rest } = {}) {
      return watchMany(
        [jobId],
        lastCursor === undefined ? rest : { ...rest, lastCursors: { [jobId]: lastCursor } },
      );
    },
    watchMine(watchOptions = {}) {
      const context = contextOf(watchOptions);
      return new JobUpdates((wake) => sessionOfMine(context, wake), watchOptions.signal);
    },
    async submit(request, callOptions) {
      const json = await requester.json('POST', '/api/v1/ai/generate', request, callOptions);
      const jobId = asText(asObject(asObject(json['data'])?.['job'])?.['job_id']);
      if (jobId === undefined) throw new ApiError('The server answered without a job id.', 202);
      return jobId;
    },
    async finished(jobId, { signal } = {}) {
      const texts = { answer: '', thinking: '' };
      const watch = this.watch(jobId, signal === undefined ? {} : { signal });
      for await (const update of watch) {
        if (update.kind === 'ended' || update.kind === 'missing') return { last: update, ...texts };
        if (update.kind === 'text') texts[update.channel] += update.text;
        if (update.kind === 'reset') {
          const kept = new TextEncoder().encode(texts[update.channel]).subarray(0, update.offset);
          texts[update.channel] = new TextDecoder('utf-8', { ignoreBOM: true }).decode(kept);
        }
      }
      throw new ApiError('The watch was closed.', 0);
    },
    close() {
      hub.close();
    },
  };
}

function restOf(requester: Requester): RestClient<paths> {
  const client = createRestClient<paths>({
    baseUrl: requester.baseUrl,
    fetch: (request) => requester.fetch(request),
  });
  client.use({
    async onRequest({ request }) {
      for (const [name, value] of Object.entries(await requester.headers())) {
        request.headers.set(name, value);
      }
      return request;
    },
  });
  return client;
}
