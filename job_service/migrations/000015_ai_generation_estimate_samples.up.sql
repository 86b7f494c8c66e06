-- What completed jobs were told about their time left, at shares of their tokens, and what it came
-- to: enough of each model for a picture. Written with the statistics of the days, by one replica at
-- a time. Nothing says whose jobs they were.
CREATE TABLE ai_generation_estimate_samples (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  model VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
  share TINYINT UNSIGNED NOT NULL
    COMMENT 'of its tokens that the job had made, in percent',
  told_ms INT UNSIGNED NOT NULL,
  told_low_ms INT UNSIGNED NOT NULL,
  told_high_ms INT UNSIGNED NOT NULL,
  true_ms INT UNSIGNED NOT NULL,
  ended_at DATETIME(6) NOT NULL,

  -- The newest of all models.
  PRIMARY KEY (id),
  -- The newest of a model.
  KEY k_model (model, id),
  -- Those that are old enough to be forgotten.
  KEY k_ended (ended_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
