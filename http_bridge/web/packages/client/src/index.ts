export type { SubmitRequest, ModelOptions, JobOrder, JobFilter, JobOutput } from './api';
export {
  submitJob,
  getJob,
  orderJob,
  retryJob,
  deleteJob,
  listJobs,
  getJobOutput,
  listModels,
  getStatus,
} from './api';
export type { FieldViolation } from './api_error';
export { ApiError, parseApiError, toApiError } from './api_error';
export type {
  ClientOptions,
  FinishedJob,
  GenerateRequest,
  GenwatchClient,
  WatchManyOptions,
  WatchOneOptions,
  WatchOptions,
} from './client';
export { createClient } from './client';
export type { Attempt, PhaseSpan } from './attempts';
export { parseAttempts } from './attempts';
export type { Connection } from './connection';
export type { JsonObject } from './decode';
export {
  asObject,
  parseObject,
  asArray,
  asString,
  asText,
  asNumber,
  asAmount,
  asBoolean,
  asTime,
} from './decode';
export type { DefaultsOptions } from './defaults';
export { defaultHub, defaultRequester, setDefaultHub, setDefaults } from './defaults';
export { ElapsedClock } from './elapsed_clock';
export type { Band, Estimate, EstimateBasis, PlannedJob } from './estimate';
export { estimateJob, parseEstimate } from './estimate';
export type { Follower, Lobby, Place, ProbeResult, Wishes } from './follower';
export type { CallOptions, RequesterOptions } from './http';
export { Requester } from './http';
export type { JobView } from './job_view';
export { emptyView, advance } from './job_view';
export type { UpdateObserver, UpdateSession } from './job_updates';
export { JobUpdates } from './job_updates';
export type { JobWatchOptions, WatchAspect } from './job_watch';
export { JobWatch } from './job_watch';
export type { Priority, Job, JobPage, Model, ModelServer, ModelList } from './jobs';
export { parsePriority, parseJob, endedPatch, parseJobPage, parseModelList } from './jobs';
export type {
  ByShare,
  EstimateSample,
  EstimateStats,
  PeriodStats,
  StatsPeriod,
  WorkStats,
} from './model_stats';
export {
  parseEstimateSamples,
  parseModelStats,
  readEstimateSamples,
  readModelStats,
} from './model_stats';
export type { ModelQueue, QueueEntry, Queues } from './queue';
export { holdModel, parseQueues, readQueue, releaseModel, setPriority } from './queue';
export { newRequestId } from './request_id';
export { ServerClock } from './server_clock';
export type { PhaseTimes, ResumeMode, Snapshot, SnapshotPatch } from './snapshot';
export type { WhenHidden } from './shared_stream';
export { parseSnapshot } from './snapshot';
export type { JobState, Phase, Channel, Condition, ConditionFacts } from './states';
export { parseState, parsePhase, isTerminal, conditionOf } from './states';
export type { StreamEvent, StreamEventName } from './stream_events';
export { STREAM_EVENT_NAMES, parseStreamEvent } from './stream_events';
export type { TextPiece, PieceResult } from './text_assembly';
export { TextAssembly } from './text_assembly';
export type { Surroundings, SurroundingsEvent } from './surroundings';
export type { EventTransport, StreamEnd, StreamHandlers } from './transport';
export { fetchTransport } from './transport';
export type { WatchUpdate } from './watch_updates';
export type { components, operations, paths } from './generated/openapi';
export type { WatchHubOptions } from './watch_hub';
export { WatchHub } from './watch_hub';
