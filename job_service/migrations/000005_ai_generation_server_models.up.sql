-- A model on a model server. Leases lock the row before they count what runs there, so that two
-- workers never overfill one server.
CREATE TABLE ai_generation_server_models (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  server_url VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
  model VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,

  PRIMARY KEY (id),
  -- The lease's lock.
  UNIQUE KEY uk_server_model (server_url, model)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
