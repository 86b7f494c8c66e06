DROP TABLE ai_generation_probe;
