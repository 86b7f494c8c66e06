-- The waiting jobs that are suspected of killing workers, so that they are found among all that
-- wait. A row comes and goes with the change of state of its job, in the same transaction.
CREATE TABLE ai_generation_suspects (
  job BIGINT UNSIGNED NOT NULL
    COMMENT 'ai_generation_jobs.id',

  PRIMARY KEY (job)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
