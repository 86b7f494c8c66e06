DROP TABLE ai_generation_texts;
