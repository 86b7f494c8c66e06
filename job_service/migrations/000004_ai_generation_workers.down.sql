DROP TABLE ai_generation_workers;
