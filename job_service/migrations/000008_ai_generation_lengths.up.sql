-- What ended attempts teach about answers to come: a row for each that generated something, inserted
-- in the transaction that ends it. Read are the newest few hundred of a key; older ones may be
-- deleted at any time.
CREATE TABLE ai_generation_lengths (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  model VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
  job_class VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  think TINYINT UNSIGNED NOT NULL
    COMMENT 'genwatch.v1.Thinking',
  tokens INT UNSIGNED NOT NULL
    COMMENT 'generated',
  censored BOOLEAN NOT NULL
    COMMENT 'there would have been more',
  -- Of the attempt, as the model server counted it; 0 while unknown.
  chunks INT UNSIGNED NOT NULL,
  eval_ms DOUBLE NOT NULL,
  first_token_ms DOUBLE NOT NULL,
  load_ms DOUBLE NOT NULL,
  prompt_bytes INT UNSIGNED NOT NULL,
  prompt_tokens INT UNSIGNED NOT NULL,
  prompt_eval_ms DOUBLE NOT NULL,

  -- The newest of all jobs.
  PRIMARY KEY (id),
  -- The newest of a kind of job, covering its lengths.
  KEY k_class (model, job_class, think, id, tokens, censored),
  -- The newest of a model.
  KEY k_model (model, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
