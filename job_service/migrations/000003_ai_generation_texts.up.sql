-- The texts of the jobs, in pieces that are appended and never rewritten. A piece is inserted in the
-- transaction that raises answer_bytes or thinking_bytes of its job, under the guard of the lease.
-- What can be read is the text of the job's newest attempt; a lease that starts over deletes the
-- pieces of those before it.
CREATE TABLE ai_generation_texts (
  job BIGINT UNSIGNED NOT NULL
    COMMENT 'ai_generation_jobs.id',
  attempt INT UNSIGNED NOT NULL,
  channel TINYINT UNSIGNED NOT NULL
    COMMENT 'genwatch.v1.Channel: 1 answer, 2 thinking',
  start INT UNSIGNED NOT NULL
    COMMENT 'of its first byte in the text',
  body MEDIUMBLOB NOT NULL
    COMMENT 'UTF-8, cut at character borders; bytes, so that offsets are bytes',

  -- Text from an offset on.
  PRIMARY KEY (job, attempt, channel, start)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
