-- One row for each lease of a job, inserted by the lease and closed by what ends it, in the same
-- transactions.
CREATE TABLE ai_generation_attempts (
  job BIGINT UNSIGNED NOT NULL
    COMMENT 'ai_generation_jobs.id',
  attempt INT UNSIGNED NOT NULL,
  version INT UNSIGNED NOT NULL
    COMMENT 'of the job, as of the lease',
  model VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
  instance VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  worker_address VARCHAR(255) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  server_url VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
  alone BOOLEAN NOT NULL,
  base_answer INT UNSIGNED NOT NULL
    COMMENT 'bytes of kept text that still stood when it began',
  base_thinking INT UNSIGNED NOT NULL,
  leased_at DATETIME(6) NOT NULL,

  -- NULL while it runs.
  ended_at DATETIME(6) NULL,
  outcome ENUM('completed', 'passing', 'once_more', 'permanent', 'handed_over', 'cancelled',
               'paused', 'lost', 'released') CHARACTER SET ascii COLLATE ascii_bin NULL,
  reason VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  error_message TEXT NULL,
  numbers BLOB NULL
    COMMENT 'genwatch.v1.JobNumbers at its end',
  facts BLOB NULL
    COMMENT 'genwatch.v1.AttemptFacts',

  -- Bases of a job; whether an outcome was recorded before.
  PRIMARY KEY (job, attempt),
  -- The newest leases of a model: how fast its queue moves.
  KEY k_model_leased (model, leased_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
