-- One row that each replica's health check writes, so that "healthy" means "can commit".
CREATE TABLE ai_generation_probe (
  id TINYINT UNSIGNED NOT NULL,
  probed_at DATETIME(6) NOT NULL,

  PRIMARY KEY (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
