DROP TABLE ai_generation_scores;
DROP TABLE ai_generation_stats_marks;
DROP TABLE ai_generation_model_days;
