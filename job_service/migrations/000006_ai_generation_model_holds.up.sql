-- Models whose queue is held: nothing of them is leased while the row is there.
CREATE TABLE ai_generation_model_holds (
  model VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
  held_at DATETIME(6) NOT NULL,

  PRIMARY KEY (model)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
