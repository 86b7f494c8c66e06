DROP TABLE ai_generation_jobs;
