-- The workers that live: a row is inserted by the first heartbeat and deleted by the reaper. Leases
-- lock the row, so that no job is given to a worker that is being reaped.
CREATE TABLE ai_generation_workers (
  instance VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  heartbeat_number INT UNSIGNED NOT NULL,
  address VARCHAR(255) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL
    COMMENT 'host:port of its GenerationService',
  server_url VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
  registered_at DATETIME(6) NOT NULL,
  heartbeat_at DATETIME(6) NOT NULL
    COMMENT 'for people; nothing is decided by it',

  PRIMARY KEY (instance)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
