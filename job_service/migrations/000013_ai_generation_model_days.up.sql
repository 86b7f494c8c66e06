-- How the jobs of each model went, by the day of their end (UTC): means, medians, successes, and how
-- right the estimates of the time left were. Written some seconds after jobs end, by one replica at
-- a time; nothing is written while they end.
CREATE TABLE ai_generation_model_days (
  model VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
  day INT UNSIGNED NOT NULL
    COMMENT 'since 1970-01-01',
  stats BLOB NOT NULL
    COMMENT 'genwatch.v1.ModelDay',

  -- A model's days.
  PRIMARY KEY (model, day),
  -- All models' newest days, and those that are old enough to be forgotten.
  KEY k_day (day)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- How far the ended jobs have been counted, for each way to end. Who counts has the row locked.
CREATE TABLE ai_generation_stats_marks (
  status ENUM('completed', 'failed', 'cancelled', 'expired')
    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  updated_at DATETIME(6) NOT NULL
    COMMENT 'of the last job that was counted',
  job BIGINT UNSIGNED NOT NULL
    COMMENT 'the same: ai_generation_jobs.id',

  PRIMARY KEY (status)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT INTO ai_generation_stats_marks (status, updated_at, job) VALUES
  ('completed', '1970-01-01 00:00:00', 0),
  ('failed', '1970-01-01 00:00:00', 0),
  ('cancelled', '1970-01-01 00:00:00', 0),
  ('expired', '1970-01-01 00:00:00', 0);

-- How right the estimates of a completed job were, until it is counted. The first word about a job
-- counts.
CREATE TABLE ai_generation_scores (
  job BIGINT UNSIGNED NOT NULL
    COMMENT 'ai_generation_jobs.id',
  score BLOB NOT NULL
    COMMENT 'genwatch.v1.EstimateScore',
  recorded_at DATETIME(6) NOT NULL,

  PRIMARY KEY (job),
  -- What has been counted long ago.
  KEY k_recorded (recorded_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
