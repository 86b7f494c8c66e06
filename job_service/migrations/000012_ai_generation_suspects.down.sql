DROP TABLE ai_generation_suspects;
