#ifndef GENWATCH_JOB_SERVICE_QUERIES_H_
#define GENWATCH_JOB_SERVICE_QUERIES_H_

// Every statement of the ledger, with the index that serves it. `{ids}` stands for a list of `?`.
// Times are the server's own clock in UTC.
namespace genwatch::queries {

// ---- Jobs, whole. The order of the columns is that of ReadJob (job_rows.cc).
//
// The two subqueries walk ai_generation_attempts.PRIMARY and uk_retry_of; under FOR UPDATE they are
// not locked, and may be older than the row that was waited for (LockJobs looks).

#define GENWATCH_JOB_COLUMNS_WITH(PROMPT, SPEC)                                                \
  "j.id, j.job_id, j.owner_id, j.request_id, j.status, j.version, j.reason, j.error_message, " \
  "j.model, " PROMPT ", " SPEC                                                                 \
  ", j.priority, j.job_class, j.think, "                                                       \
  "j.created_at, j.started_at, j.completed_at, j.not_before, j.waiting_deadline, "             \
  "j.attempt, j.failures, j.max_failures, j.losses, j.losses_alone, j.retry_of, "              \
  "(SELECT r.job_id FROM ai_generation_jobs r WHERE r.retry_of = j.job_id), "                  \
  "j.progress_percentage, j.current_tokens, j.tokens_estimated, j.tokens_per_second, "         \
  "j.chars_per_second, j.elapsed_time, j.estimated_time_remaining, "                           \
  "j.estimated_time_remaining_low, j.estimated_time_remaining_high, j.prompt_tokens, "         \
  "j.completion_tokens, j.total_tokens, j.first_token_ms, j.answer_bytes, j.thinking_bytes, "  \
  "j.done_reason, j.progress_sequence, j.last_update_at, "                                     \
  "j.instance, j.worker_address, j.server_url, j.alone, j.score, j.updated_at, "               \
  "(SELECT GROUP_CONCAT(CONCAT_WS(':', a.version, a.base_answer, a.base_thinking, "            \
  "a.had_text, COALESCE(a.outcome = 'once_more', 0)) "                                         \
  "ORDER BY a.attempt) FROM ai_generation_attempts a WHERE a.job = j.id), "                    \
  "UTC_TIMESTAMP(6)"
#define GENWATCH_JOB_COLUMNS GENWATCH_JOB_COLUMNS_WITH("j.prompt", "j.spec")
// Without what may be large.
#define GENWATCH_BRIEF_JOB_COLUMNS GENWATCH_JOB_COLUMNS_WITH("''", "''")

// uk_job_id.
inline constexpr char kGetJobs[] =
    "SELECT " GENWATCH_JOB_COLUMNS " FROM ai_generation_jobs j WHERE j.job_id IN ({ids})";
inline constexpr char kGetJobsBriefly[] =
    "SELECT " GENWATCH_BRIEF_JOB_COLUMNS " FROM ai_generation_jobs j WHERE j.job_id IN ({ids})";
// uk_job_id, whose order is the order of all locking.
inline constexpr char kLockJobs[] =
    "SELECT " GENWATCH_JOB_COLUMNS
    " FROM ai_generation_jobs j FORCE INDEX (uk_job_id) WHERE j.job_id IN ({ids}) "
    "ORDER BY j.job_id FOR UPDATE";
// k_instance; then sorted, so LockJobs locks them in order.
inline constexpr char kJobsOfInstance[] =
    "SELECT j.job_id FROM ai_generation_jobs j WHERE j.instance = ?";
// k_owner, k_owner_status or k_owner_kind (list_query.h); then PRIMARY.
inline constexpr char kListJobs[] =
    "SELECT " GENWATCH_JOB_COLUMNS
    " FROM (SELECT l.id FROM ai_generation_jobs l{index} WHERE {conditions} "
    "ORDER BY l.id DESC LIMIT ?) chosen STRAIGHT_JOIN ai_generation_jobs j ON j.id = chosen.id "
    "ORDER BY j.id DESC";
// k_owner_status.
inline constexpr char kListActive[] =
    "SELECT j.job_id FROM ai_generation_jobs j "
    "WHERE j.owner_id = ? AND j.status IN ('queued', 'processing', 'paused') ORDER BY j.id LIMIT ?";
// k_status_not_before, which ends in the key of the row.
inline constexpr char kListWaiting[] =
    "SELECT " GENWATCH_BRIEF_JOB_COLUMNS
    " FROM ai_generation_jobs j FORCE INDEX (k_status_not_before) "
    "WHERE j.status = 'queued' AND j.not_before IS NULL AND j.id > ? ORDER BY j.id LIMIT ?";
// k_status_not_before. Replicas take different rows.
inline constexpr char kLockDueRetries[] =
    "SELECT " GENWATCH_BRIEF_JOB_COLUMNS
    " FROM ai_generation_jobs j FORCE INDEX (k_status_not_before) "
    "WHERE j.status = 'queued' AND j.not_before <= UTC_TIMESTAMP(6) "
    "ORDER BY j.not_before LIMIT ? FOR UPDATE SKIP LOCKED";
// Whether there is anything for kLockDueRetries, and for kLockExpired, without a transaction.
inline constexpr char kAnyDueRetry[] =
    "SELECT 1 FROM ai_generation_jobs j FORCE INDEX (k_status_not_before) "
    "WHERE j.status = 'queued' AND j.not_before <= UTC_TIMESTAMP(6) LIMIT 1";
inline constexpr char kAnyExpired[] =
    "SELECT 1 FROM ai_generation_jobs j FORCE INDEX (k_waiting_deadline) "
    "WHERE j.waiting_deadline <= UTC_TIMESTAMP(6) AND j.status IN ('queued', 'paused') LIMIT 1";
// k_waiting_deadline. Replicas take different rows.
inline constexpr char kLockExpired[] =
    "SELECT " GENWATCH_JOB_COLUMNS
    " FROM ai_generation_jobs j FORCE INDEX (k_waiting_deadline) "
    "WHERE j.waiting_deadline <= UTC_TIMESTAMP(6) AND j.status IN ('queued', 'paused') "
    "ORDER BY j.waiting_deadline LIMIT ? FOR UPDATE SKIP LOCKED";

// k_status_not_before: what runs is bounded by the model servers.
inline constexpr char kListRunning[] =
    "SELECT " GENWATCH_BRIEF_JOB_COLUMNS
    " FROM ai_generation_jobs j FORCE INDEX (k_status_not_before) "
    "WHERE j.status = 'processing' AND j.model = ? ORDER BY j.id LIMIT ?";

#undef GENWATCH_BRIEF_JOB_COLUMNS
#undef GENWATCH_JOB_COLUMNS
#undef GENWATCH_JOB_COLUMNS_WITH

// ---- Submits.

// `{rows}`: kInsertJobRow, once for each job.
inline constexpr char kInsertJobs[] =
    "INSERT INTO ai_generation_jobs (job_id, owner_id, request_id, spec_hash, retry_of, status, "
    "version, model, prompt, spec, priority, job_class, think, labels, has_kind, max_failures, "
    "created_at, updated_at, waiting_deadline) VALUES {rows} RETURNING id, created_at, "
    "waiting_deadline";
inline constexpr char kInsertJobRow[] =
    "(?, ?, ?, ?, ?, 'queued', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6), "
    "UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND)";
// uk_request.
inline constexpr char kFindRequest[] =
    "SELECT job_id, spec_hash FROM ai_generation_jobs WHERE owner_id = ? AND request_id = ?";
// uk_retry_of.
inline constexpr char kFindRetry[] = "SELECT job_id FROM ai_generation_jobs WHERE retry_of = ?";
// uk_job_id.
inline constexpr char kOwnerOf[] = "SELECT owner_id FROM ai_generation_jobs WHERE job_id = ?";

// ---- Changes of state. The row is locked; the guard stands all the same.

// PRIMARY. The order is that of StoreChange (row_writes.cc).
inline constexpr char kStoreChange[] =
    "UPDATE ai_generation_jobs SET status = ?, version = ?, reason = ?, error_message = ?, "
    "attempt = ?, failures = ?, losses = ?, losses_alone = ?, "
    "progress_percentage = ?, current_tokens = ?, tokens_estimated = ?, tokens_per_second = ?, "
    "chars_per_second = ?, elapsed_time = ?, estimated_time_remaining = ?, "
    "estimated_time_remaining_low = ?, estimated_time_remaining_high = ?, prompt_tokens = ?, "
    "completion_tokens = ?, total_tokens = ?, first_token_ms = ?, answer_bytes = ?, "
    "thinking_bytes = ?, done_reason = ?, progress_sequence = ?, last_update_at = ?, "
    "started_at = ?, completed_at = ?, updated_at = ?, not_before = ?, waiting_deadline = ?, "
    "instance = ?, worker_address = ?, server_url = ?, server_model_id = ?, lease_heartbeat = ?, "
    "alone = ?, score = ? "
    "WHERE id = ? AND version = ? AND status = ?";
// PRIMARY of ai_generation_suspects.
inline constexpr char kAddSuspect[] = "INSERT IGNORE INTO ai_generation_suspects (job) VALUES (?)";
inline constexpr char kDropSuspect[] = "DELETE FROM ai_generation_suspects WHERE job = ?";
// All of ai_generation_suspects; PRIMARY; ai_generation_model_holds.PRIMARY.
inline constexpr char kListSuspects[] =
    "SELECT j.job_id, j.version, j.model FROM ai_generation_suspects s "
    "STRAIGHT_JOIN ai_generation_jobs j ON j.id = s.job "
    "LEFT JOIN ai_generation_model_holds h ON h.model = j.model "
    "WHERE j.status = 'queued' AND j.not_before IS NULL AND h.model IS NULL LIMIT 500";
// PRIMARY.
inline constexpr char kClearNotBefore[] =
    "UPDATE ai_generation_jobs SET not_before = NULL WHERE id = ? AND status = 'queued'";

// PRIMARY.
inline constexpr char kStorePriority[] =
    "UPDATE ai_generation_jobs SET priority = ?, score = ? WHERE id = ? AND version = ?";
// PRIMARY, and that of the texts and of the attempts.
inline constexpr char kDropAttempts[] = "DELETE FROM ai_generation_attempts WHERE job = ?";
inline constexpr char kDropJob[] = "DELETE FROM ai_generation_jobs WHERE id = ? AND version = ?";

// ---- Leases.

// ai_generation_server_models.uk_server_model.
inline constexpr char kLockServerModel[] =
    "SELECT id FROM ai_generation_server_models WHERE server_url = ? AND model = ? FOR UPDATE";
inline constexpr char kInsertServerModel[] =
    "INSERT IGNORE INTO ai_generation_server_models (server_url, model) VALUES (?, ?)";
// ai_generation_workers.PRIMARY.
inline constexpr char kLockWorker[] =
    "SELECT heartbeat_number FROM ai_generation_workers WHERE instance = ? FOR UPDATE";
// k_server_model; ai_generation_model_holds.PRIMARY; k_instance, twice.
inline constexpr char kLeaseSituation[] =
    "SELECT (SELECT COUNT(*) FROM ai_generation_jobs WHERE server_model_id = ?), "
    "(SELECT COUNT(*) FROM ai_generation_model_holds WHERE model = ?), "
    "(SELECT COUNT(*) FROM ai_generation_jobs WHERE instance = ?), "
    "(SELECT COUNT(*) FROM ai_generation_jobs WHERE instance = ? AND alone)";
inline constexpr char kInsertAttempt[] =
    "INSERT INTO ai_generation_attempts (job, attempt, version, model, instance, worker_address, "
    "server_url, alone, base_answer, base_thinking, had_text, leased_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
// PRIMARY. The order is that of CloseAttempt (row_writes.cc).
inline constexpr char kCloseAttempt[] =
    "UPDATE ai_generation_attempts SET ended_at = ?, outcome = ?, reason = ?, error_message = ?, "
    "numbers = ?, facts = ? WHERE job = ? AND attempt = ?";
// uk_job_id; ai_generation_attempts.PRIMARY.
inline constexpr char kFindFinished[] =
    "SELECT a.outcome FROM ai_generation_attempts a JOIN ai_generation_jobs j ON j.id = a.job "
    "WHERE j.job_id = ? AND a.version = ? AND a.instance = ? AND a.outcome IN "
    "('completed', 'passing', 'once_more', 'permanent', 'handed_over')";

// uk_job_id; ai_generation_attempts.PRIMARY.
inline constexpr char kListAttempts[] =
    "SELECT a.attempt, a.version, a.instance, a.server_url, a.alone, a.leased_at, a.ended_at, "
    "a.outcome, a.reason, a.error_message, a.base_answer, a.base_thinking, a.facts "
    "FROM ai_generation_attempts a JOIN ai_generation_jobs j ON j.id = a.job "
    "WHERE j.job_id = ? ORDER BY a.attempt";

// ai_generation_attempts.PRIMARY: a job has few. Losses that may have counted and were not taken
// back.
inline constexpr char kFindLossAlone[] =
    "SELECT attempt, base_answer, base_thinking, numbers FROM ai_generation_attempts "
    "WHERE job = ? AND version = ? AND instance = ? AND alone AND outcome = 'lost' "
    "AND reason = 'WORKER_LOST'";
// PRIMARY, both.
inline constexpr char kMarkWorkerBack[] =
    "UPDATE ai_generation_attempts SET reason = 'WORKER_CAME_BACK' WHERE job = ? AND attempt = ?";
inline constexpr char kStoreFailures[] =
    "UPDATE ai_generation_jobs SET failures = ?, losses_alone = ? WHERE id = ? AND version = ?";

// ---- Texts.

// uk_job_id, whose order is the order of all locking.
inline constexpr char kLockLeases[] =
    "SELECT id, job_id, version, status, instance, attempt, answer_bytes, thinking_bytes "
    "FROM ai_generation_jobs FORCE INDEX (uk_job_id) WHERE job_id IN ({ids}) "
    "ORDER BY job_id FOR UPDATE";
inline constexpr char kInsertText[] =
    "INSERT INTO ai_generation_texts (job, attempt, channel, start, body) VALUES (?, ?, ?, ?, ?)";
// PRIMARY, for each element of the array: an UPDATE with an array of parameters is a statement for
// each of them inside the server.
inline constexpr char kStoreTextLengths[] =
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.id', "
    "version INT UNSIGNED PATH '$.version', answer INT UNSIGNED PATH '$.answer', "
    "thinking INT UNSIGNED PATH '$.thinking')) v "
    "STRAIGHT_JOIN ai_generation_jobs j ON j.id = v.id "
    "SET j.answer_bytes = v.answer, j.thinking_bytes = v.thinking WHERE j.version = v.version";
// ai_generation_texts.PRIMARY.
inline constexpr char kDropTexts[] = "DELETE FROM ai_generation_texts WHERE job = ?";
// ai_generation_texts.PRIMARY. The newest attempt's piece that has bytes on both sides of an
// offset.
inline constexpr char kTextAround[] =
    "SELECT start, body FROM ai_generation_texts "
    "WHERE job = ? AND channel = ? AND start < ? AND start + LENGTH(body) > ? "
    "ORDER BY attempt DESC LIMIT 1";
// ai_generation_texts.PRIMARY.
inline constexpr char kDropTextsFrom[] =
    "DELETE FROM ai_generation_texts WHERE job = ? AND channel = ? AND start >= ?";
// ai_generation_attempts.PRIMARY.
inline constexpr char kBaseOf[] =
    "SELECT base_answer, base_thinking FROM ai_generation_attempts WHERE job = ? AND attempt = ?";
// ai_generation_attempts.PRIMARY.
inline constexpr char kStoreBase[] =
    "UPDATE ai_generation_attempts SET base_answer = ?, base_thinking = ? "
    "WHERE job = ? AND attempt = ?";
// uk_job_id; ai_generation_attempts.PRIMARY; ai_generation_texts.PRIMARY, from the attempt's last
// piece that begins at or before the offset. The attempt is counted back from the newest.
inline constexpr char kReadText[] =
    "SELECT j.version, j.status, IF(? = 1, j.answer_bytes, j.thinking_bytes), "
    "(SELECT GROUP_CONCAT(IF(? = 1, a.base_answer, a.base_thinking) ORDER BY a.attempt) "
    "FROM ai_generation_attempts a WHERE a.job = j.id), t.start, t.body "
    "FROM ai_generation_jobs j LEFT JOIN ai_generation_texts t "
    "ON t.job = j.id AND t.attempt = j.attempt - ? AND t.channel = ? "
    "AND t.start >= (SELECT COALESCE(MAX(f.start), 0) FROM ai_generation_texts f "
    "WHERE f.job = j.id AND f.attempt = j.attempt - ? AND f.channel = ? AND f.start <= ?) "
    "AND t.start < ? WHERE j.job_id = ? ORDER BY t.start";

// ---- Progress.

// uk_job_id, for each element of the array. The rows that are older, of another lease or not
// running are passed by.
inline constexpr char kRecordProgress[] =
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS ("
    "job_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PATH '$.job_id', "
    "version INT UNSIGNED PATH '$.version', "
    "sequence INT UNSIGNED PATH '$.sequence', "
    "percent DOUBLE PATH '$.percent', "
    "current_tokens INT UNSIGNED PATH '$.current_tokens', "
    "estimated TINYINT PATH '$.estimated', "
    "tokens_per_second DOUBLE PATH '$.tokens_per_second', "
    "chars_per_second DOUBLE PATH '$.chars_per_second', "
    "elapsed INT UNSIGNED PATH '$.elapsed', "
    "remaining INT UNSIGNED PATH '$.remaining', "
    "remaining_low INT UNSIGNED PATH '$.remaining_low', "
    "remaining_high INT UNSIGNED PATH '$.remaining_high', "
    "prompt_tokens INT UNSIGNED PATH '$.prompt_tokens', "
    "completion_tokens INT UNSIGNED PATH '$.completion_tokens', "
    "total_tokens INT UNSIGNED PATH '$.total_tokens', "
    "first_token INT UNSIGNED PATH '$.first_token')) v "
    "STRAIGHT_JOIN ai_generation_jobs j ON j.job_id = v.job_id "
    "SET j.progress_sequence = v.sequence, j.progress_percentage = v.percent, "
    "j.current_tokens = v.current_tokens, j.tokens_estimated = v.estimated, "
    "j.tokens_per_second = v.tokens_per_second, j.chars_per_second = v.chars_per_second, "
    "j.elapsed_time = GREATEST(j.elapsed_time, v.elapsed), "
    "j.estimated_time_remaining = v.remaining, j.estimated_time_remaining_low = v.remaining_low, "
    "j.estimated_time_remaining_high = v.remaining_high, j.prompt_tokens = v.prompt_tokens, "
    "j.completion_tokens = v.completion_tokens, j.total_tokens = v.total_tokens, "
    "j.first_token_ms = v.first_token, j.last_update_at = UTC_TIMESTAMP(6) "
    "WHERE j.status = 'processing' AND j.version = v.version AND j.progress_sequence < v.sequence";

// ---- Workers.

// PRIMARY. A number never falls.
inline constexpr char kHeartbeat[] =
    "INSERT INTO ai_generation_workers (instance, heartbeat_number, address, server_url, "
    "registered_at, heartbeat_at) VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)) "
    "ON DUPLICATE KEY UPDATE heartbeat_number = GREATEST(heartbeat_number, "
    "VALUE(heartbeat_number)), "
    "address = VALUE(address), server_url = VALUE(server_url), heartbeat_at = VALUE(heartbeat_at)";
// k_instance.
inline constexpr char kLeasesOfInstance[] =
    "SELECT job_id, version, lease_heartbeat FROM ai_generation_jobs WHERE instance = ?";
// uk_job_id.
inline constexpr char kStatesOf[] =
    "SELECT job_id, status FROM ai_generation_jobs WHERE job_id IN ({ids})";
// PRIMARY; a handful of rows.
inline constexpr char kListWorkers[] =
    "SELECT instance, heartbeat_number, address, server_url FROM ai_generation_workers";
// PRIMARY.
inline constexpr char kForgetWorker[] =
    "DELETE FROM ai_generation_workers WHERE instance = ? AND heartbeat_number = ?";

// ---- Health.

inline constexpr char kProbeWrite[] =
    "INSERT INTO ai_generation_probe (id, probed_at) VALUES (1, UTC_TIMESTAMP(6)) "
    "ON DUPLICATE KEY UPDATE probed_at = VALUE(probed_at)";

// ---- Models and what was learned.

// k_status_not_before: all that runs, and all that waits for a retry.
inline constexpr char kListLoads[] =
    "SELECT l.model, CAST(SUM(l.running) AS UNSIGNED), CAST(SUM(l.retrying) AS UNSIGNED) FROM ("
    "SELECT model, COUNT(*) AS running, 0 AS retrying "
    "FROM ai_generation_jobs FORCE INDEX (k_status_not_before) "
    "WHERE status = 'processing' GROUP BY model UNION ALL "
    "SELECT model, 0, COUNT(*) FROM ai_generation_jobs FORCE INDEX (k_status_not_before) "
    "WHERE status = 'queued' AND not_before IS NOT NULL GROUP BY model) l "
    "GROUP BY l.model ORDER BY l.model";
// PRIMARY.
inline constexpr char kListHolds[] =
    "SELECT model, note, held_at FROM ai_generation_model_holds ORDER BY model";
inline constexpr char kHold[] =
    "INSERT INTO ai_generation_model_holds (model, note, held_at) "
    "VALUES (?, ?, UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE note = VALUE(note)";
inline constexpr char kReleaseHold[] = "DELETE FROM ai_generation_model_holds WHERE model = ?";
inline constexpr char kSaveModels[] =
    "INSERT INTO ai_generation_model_reports (server_url, report, reported_at) "
    "VALUES (?, ?, UTC_TIMESTAMP(6)) "
    "ON DUPLICATE KEY UPDATE report = VALUE(report), reported_at = VALUE(reported_at)";
inline constexpr char kLoadModels[] =
    "SELECT report FROM ai_generation_model_reports ORDER BY server_url";
inline constexpr char kInsertLesson[] =
    "INSERT INTO ai_generation_lengths (model, job_class, think, tokens, censored, chunks, "
    "eval_ms, "
    "first_token_ms, load_ms, prompt_bytes, prompt_tokens, prompt_eval_ms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
// ai_generation_lengths.k_class, covering.
inline constexpr char kClassLengths[] =
    "SELECT tokens, censored FROM ai_generation_lengths "
    "WHERE model = ? AND job_class = ? AND think = ? ORDER BY id DESC LIMIT ?";
// ai_generation_lengths.k_model.
inline constexpr char kModelLengths[] =
    "SELECT tokens, censored FROM ai_generation_lengths WHERE model = ? ORDER BY id DESC LIMIT ?";
// ai_generation_lengths.PRIMARY.
inline constexpr char kAllLengths[] =
    "SELECT tokens, censored FROM ai_generation_lengths ORDER BY id DESC LIMIT ?";
// ai_generation_lengths.k_model.
inline constexpr char kModelLessons[] =
    "SELECT tokens, chunks, eval_ms, first_token_ms, load_ms, prompt_bytes, prompt_tokens, "
    "prompt_eval_ms FROM ai_generation_lengths WHERE model = ? ORDER BY id DESC LIMIT ?";
// ai_generation_attempts.k_model_leased. Leases of the last ten minutes, at most 33 of them.
inline constexpr char kRecentLeases[] =
    "SELECT COUNT(*), "
    "COALESCE(TIMESTAMPDIFF(MICROSECOND, MIN(l.leased_at), UTC_TIMESTAMP(6)), 0), "
    "COALESCE(TIMESTAMPDIFF(MICROSECOND, MAX(l.leased_at), UTC_TIMESTAMP(6)), 0) "
    "FROM (SELECT leased_at FROM ai_generation_attempts WHERE model = ? AND leased_at > "
    "UTC_TIMESTAMP(6) - INTERVAL 10 MINUTE ORDER BY leased_at DESC LIMIT 33) l";

// ai_generation_lengths.k_class, for each the first row behind a kind.
inline constexpr char kNextKind[] =
    "SELECT model, job_class, think FROM ai_generation_lengths FORCE INDEX (k_class) "
    "WHERE model > ? OR (model = ? AND job_class > ?) "
    "OR (model = ? AND job_class = ? AND think > ?) "
    "ORDER BY model, job_class, think LIMIT 1";
// ai_generation_lengths.k_class, covering; the newest row that is too many.
inline constexpr char kNewestUnread[] =
    "SELECT id FROM ai_generation_lengths FORCE INDEX (k_class) "
    "WHERE model = ? AND job_class = ? AND think = ? ORDER BY id DESC LIMIT 1 OFFSET ?";
// ai_generation_lengths.k_model, covering; likewise.
inline constexpr char kNewestUnreadOfModel[] =
    "SELECT id FROM ai_generation_lengths FORCE INDEX (k_model) "
    "WHERE model = ? ORDER BY id DESC LIMIT 1 OFFSET ?";
// The same indexes. Read first and deleted by their key, so that no gap is locked into which the
// end of a job inserts.
inline constexpr char kUnreadLengths[] =
    "SELECT id FROM ai_generation_lengths FORCE INDEX (k_class) "
    "WHERE model = ? AND job_class = ? AND think = ? AND id <= ? ORDER BY id LIMIT ?";
inline constexpr char kUnreadLengthsOfModel[] =
    "SELECT id FROM ai_generation_lengths FORCE INDEX (k_model) "
    "WHERE model = ? AND id <= ? ORDER BY id LIMIT ?";
// PRIMARY.
inline constexpr char kDropLength[] = "DELETE FROM ai_generation_lengths WHERE id = ?";

// ---- Statistics.

// uk_job_id.
inline constexpr char kCompletedRows[] =
    "SELECT id, job_id FROM ai_generation_jobs WHERE job_id IN ({ids}) AND status = 'completed'";
inline constexpr char kInsertScore[] =
    "INSERT IGNORE INTO ai_generation_scores (job, score, recorded_at) "
    "VALUES (?, ?, UTC_TIMESTAMP(6))";
// ai_generation_scores.k_recorded. They have been counted, or came too late for it.
inline constexpr char kDropScores[] =
    "DELETE FROM ai_generation_scores WHERE recorded_at < UTC_TIMESTAMP(6) - INTERVAL 10 MINUTE "
    "ORDER BY recorded_at LIMIT 10000";
// PRIMARY. Empty while another replica counts.
inline constexpr char kLockStatsMark[] =
    "SELECT updated_at, job FROM ai_generation_stats_marks WHERE status = ? "
    "FOR UPDATE SKIP LOCKED";
inline constexpr char kStoreStatsMark[] =
    "UPDATE ai_generation_stats_marks SET updated_at = ?, job = ? WHERE status = ?";
// k_status_updated, which ends in the key of the row; ai_generation_scores.PRIMARY.
inline constexpr char kEndedJobs[] =
    "SELECT j.id, j.updated_at, j.model, j.elapsed_time, j.tokens_per_second, j.first_token_ms, "
    "j.completion_tokens, j.current_tokens, s.score "
    "FROM ai_generation_jobs j FORCE INDEX (k_status_updated) "
    "LEFT JOIN ai_generation_scores s ON s.job = j.id "
    "WHERE j.status = ? AND j.updated_at >= ? AND (j.updated_at > ? OR j.id > ?) "
    "AND j.updated_at <= UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND "
    "ORDER BY j.updated_at, j.id LIMIT ?";
// PRIMARY.
inline constexpr char kLockModelDay[] =
    "SELECT stats FROM ai_generation_model_days WHERE model = ? AND day = ? FOR UPDATE";
inline constexpr char kStoreModelDay[] =
    "INSERT INTO ai_generation_model_days (model, day, stats) VALUES (?, ?, ?) "
    "ON DUPLICATE KEY UPDATE stats = VALUE(stats)";
// k_day.
inline constexpr char kDropModelDays[] =
    "DELETE FROM ai_generation_model_days WHERE day < ? ORDER BY day LIMIT 1000";
// PRIMARY.
inline constexpr char kDaysOfModel[] =
    "SELECT model, day, stats FROM ai_generation_model_days WHERE model = ? AND day >= ? "
    "ORDER BY day";
// k_day; sorted.
inline constexpr char kDaysOfAllModels[] =
    "SELECT model, day, stats FROM ai_generation_model_days WHERE day >= ? "
    "ORDER BY model, day LIMIT 40000";

// PRIMARY of ai_generation_estimate_samples. Every row is written under the mark's lock.
inline constexpr char kInsertSample[] =
    "INSERT INTO ai_generation_estimate_samples (model, share, told_ms, told_low_ms, "
    "told_high_ms, true_ms, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
// k_model, covering; the newest row that is too many.
inline constexpr char kNewestSpareSample[] =
    "SELECT id FROM ai_generation_estimate_samples FORCE INDEX (k_model) "
    "WHERE model = ? ORDER BY id DESC LIMIT 1 OFFSET ?";
// k_model.
inline constexpr char kDropSpareSamples[] =
    "DELETE FROM ai_generation_estimate_samples WHERE model = ? AND id <= ?";
// k_ended.
inline constexpr char kDropOldSamples[] =
    "DELETE FROM ai_generation_estimate_samples WHERE ended_at < UTC_TIMESTAMP(6) - INTERVAL ? DAY "
    "ORDER BY ended_at LIMIT 1000";
// k_model; PRIMARY.
inline constexpr char kSamplesOfModel[] =
    "SELECT model, share, told_ms, told_low_ms, told_high_ms, true_ms, ended_at "
    "FROM ai_generation_estimate_samples WHERE model = ? ORDER BY id DESC LIMIT ?";
inline constexpr char kSamplesOfAllModels[] =
    "SELECT model, share, told_ms, told_low_ms, told_high_ms, true_ms, ended_at "
    "FROM ai_generation_estimate_samples ORDER BY id DESC LIMIT ?";

}  // namespace genwatch::queries

#endif  // GENWATCH_JOB_SERVICE_QUERIES_H_
