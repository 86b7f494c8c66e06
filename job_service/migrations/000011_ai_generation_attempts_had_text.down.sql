ALTER TABLE ai_generation_attempts DROP COLUMN had_text;
