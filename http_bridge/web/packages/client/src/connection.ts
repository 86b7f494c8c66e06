/**
 * How this side stands towards the server, as to one job:
 * - `connecting`: the first time;
 * - `live`: what is held is true now;
 * - `reconnecting`: the connection is lost, and is being made anew;
 * - `stale`: the connection seems whole, but nothing came on it for longer than the server is ever
 *   silent; it is being made anew;
 * - `offline`: lost, and the machine says that it has no network;
 * - `done`: nothing will follow.
 *
 * In `reconnecting`, `stale` and `offline` what is held was true when it was last heard. None of them
 * says anything about the job.
 */
export type Connection = 'connecting' | 'live' | 'reconnecting' | 'stale' | 'offline' | 'done';
