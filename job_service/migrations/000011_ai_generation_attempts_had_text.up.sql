-- Whether an attempt had text to go on from: with its base, whether it went on or started over.
ALTER TABLE ai_generation_attempts
  ADD COLUMN had_text BOOLEAN NOT NULL DEFAULT FALSE
    COMMENT 'text of earlier attempts was kept when it began' AFTER base_thinking;
