import type { RequesterOptions } from './http';
import { Requester } from './http';
import type { WhenHidden } from './shared_stream';
import { fetchTransport } from './transport';
import { WatchHub } from './watch_hub';

export interface DefaultsOptions extends RequesterOptions {
  /** Default: `quiet`. */
  readonly whenHidden?: WhenHidden;
}

let requester = new Requester();
let hub: WatchHub | null = null;
let whenHidden: WhenHidden = 'quiet';

/**
 * Says once, before anything is watched, where the functions and cards that are not given a client
 * find the server. Without it: where the page itself came from.
 */
export function setDefaults(options: DefaultsOptions): void {
  requester = new Requester(options);
  whenHidden = options.whenHidden ?? 'quiet';
  setDefaultHub(null);
}

export function defaultRequester(): Requester {
  return requester;
}

/** The connection of all cards of the page. */
export function defaultHub(): WatchHub {
  hub ??= new WatchHub({ transport: fetchTransport(requester), whenHidden });
  return hub;
}

/** Closes the hub so far. Null: a new one is made when it is needed. */
export function setDefaultHub(next: WatchHub | null): void {
  hub?.close();
  hub = next;
}
