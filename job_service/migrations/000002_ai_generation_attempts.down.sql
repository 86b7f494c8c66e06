DROP TABLE ai_generation_attempts;
