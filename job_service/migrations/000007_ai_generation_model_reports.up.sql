-- What each model server offers, as a worker reported it last.
CREATE TABLE ai_generation_model_reports (
  server_url VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
  report MEDIUMBLOB NOT NULL
    COMMENT 'genwatch.v1.ModelReport',
  reported_at DATETIME(6) NOT NULL,

  PRIMARY KEY (server_url)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
