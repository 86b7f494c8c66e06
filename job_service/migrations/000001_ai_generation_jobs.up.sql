-- The ledger: one row for each job. Times are UTC of the server's own clock; durations are
-- milliseconds; lengths are UTF-8 bytes. Column names without a unit are kept from the system whose
-- clients and queries go on to work here.
--
-- Rows cluster in order of submission (id), so that inserts append. There are no foreign keys: every
-- row of the other tables that names a job is written under the lock of the job's own row.
CREATE TABLE ai_generation_jobs (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  job_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  owner_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  request_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL
    COMMENT 'makes the submit idempotent',
  spec_hash VARBINARY(64) NOT NULL
    COMMENT 'of the spec as submitted',
  retry_of CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,

  status ENUM('queued', 'processing', 'completed', 'failed', 'paused', 'cancelled', 'expired')
    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version INT UNSIGNED NOT NULL
    COMMENT 'raised by each change of state',
  reason VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  error_message TEXT NULL,

  model VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
  prompt MEDIUMTEXT NOT NULL,
  spec MEDIUMBLOB NOT NULL
    COMMENT 'genwatch.v1.JobSpec without model and prompt',
  priority TINYINT UNSIGNED NOT NULL
    COMMENT 'genwatch.v1.Priority',
  job_class VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT '',
  think TINYINT UNSIGNED NOT NULL DEFAULT 0
    COMMENT 'genwatch.v1.Thinking',
  labels JSON NULL,

  attempt INT UNSIGNED NOT NULL DEFAULT 0
    COMMENT 'leases so far',
  failures INT UNSIGNED NOT NULL DEFAULT 0,
  max_failures INT UNSIGNED NOT NULL,
  losses INT UNSIGNED NOT NULL DEFAULT 0
    COMMENT 'workers lost under it',
  losses_alone INT UNSIGNED NOT NULL DEFAULT 0
    COMMENT 'of those, while alone on the worker and without new text',

  progress_percentage DECIMAL(5,2) NOT NULL DEFAULT 0,
  current_tokens INT UNSIGNED NOT NULL DEFAULT 0,
  tokens_estimated BOOLEAN NOT NULL DEFAULT FALSE,
  tokens_per_second DECIMAL(10,2) NOT NULL DEFAULT 0,
  chars_per_second DECIMAL(12,2) NOT NULL DEFAULT 0,
  elapsed_time INT UNSIGNED NOT NULL DEFAULT 0
    COMMENT 'ms of processing, over all attempts',
  estimated_time_remaining INT UNSIGNED NULL
    COMMENT 'ms; NULL while unknown, as are its band and the counts below',
  estimated_time_remaining_low INT UNSIGNED NULL,
  estimated_time_remaining_high INT UNSIGNED NULL,
  prompt_tokens INT UNSIGNED NULL,
  completion_tokens INT UNSIGNED NULL,
  total_tokens INT UNSIGNED NULL,
  first_token_ms INT UNSIGNED NULL,
  answer_bytes INT UNSIGNED NOT NULL DEFAULT 0
    COMMENT 'kept in ai_generation_texts',
  thinking_bytes INT UNSIGNED NOT NULL DEFAULT 0
    COMMENT 'kept in ai_generation_texts',
  done_reason VARCHAR(64) NOT NULL DEFAULT '',
  progress_sequence INT UNSIGNED NOT NULL DEFAULT 0
    COMMENT 'of the newest progress stored under this version',
  last_update_at DATETIME(6) NULL
    COMMENT 'when progress was last stored',

  estimated_bricks_cost INT NULL,
  actual_bricks_cost INT NULL,

  created_at DATETIME(6) NOT NULL,
  started_at DATETIME(6) NULL
    COMMENT 'first lease',
  completed_at DATETIME(6) NULL
    COMMENT 'end, whichever it was',
  updated_at DATETIME(6) NOT NULL
    COMMENT 'last change of state; progress moves last_update_at only',
  not_before DATETIME(6) NULL
    COMMENT 'while queued: time of the next attempt',
  waiting_deadline DATETIME(6) NULL
    COMMENT 'until the first lease: expires after',

  -- The lease; NULL (FALSE) unless processing, but for the score.
  instance VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL,
  worker_address VARCHAR(255) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL,
  server_url VARCHAR(255) COLLATE utf8mb4_nopad_bin NULL,
  server_model_id INT UNSIGNED NULL
    COMMENT 'the row of ai_generation_server_models that limits it',
  lease_heartbeat INT UNSIGNED NULL
    COMMENT 'the last heartbeat of the instance before the lease',
  alone BOOLEAN NOT NULL DEFAULT FALSE
    COMMENT 'nothing else runs on the worker',
  score DOUBLE NULL
    COMMENT 'place in the queue it was taken from; a requeue goes back to it',

  PRIMARY KEY (id),
  -- Every access to one job, and all locking: rows are locked in the order of this index.
  UNIQUE KEY uk_job_id (job_id),
  -- A repeated submit finds its job; NULLs do not collide.
  UNIQUE KEY uk_request (owner_id, request_id),
  -- A repeated retry finds its job; "retried as".
  UNIQUE KEY uk_retry_of (retry_of),
  -- Operators' and dashboards' queries by state and age.
  KEY k_status_updated (status, updated_at),
  -- What waits in key order (not_before IS NULL), and retries that are due.
  KEY k_status_not_before (status, not_before),
  -- Jobs of an owner, newest first.
  KEY k_owner (owner_id, id),
  -- Jobs of an owner that have not ended, oldest first.
  KEY k_owner_status (owner_id, status, id),
  -- Deadlines that have passed; NULL in all rows that have none or no longer wait.
  KEY k_waiting_deadline (waiting_deadline),
  -- Jobs of a worker: heartbeats and the reaper. NULL unless processing.
  KEY k_instance (instance),
  -- How many jobs of a model run on a model server. NULL unless processing.
  KEY k_server_model (server_model_id),
  -- "The newest job", in any wording that sorts by time.
  KEY k_created (created_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
