DROP TABLE ai_generation_lengths;
