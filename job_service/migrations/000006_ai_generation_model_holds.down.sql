DROP TABLE ai_generation_model_holds;
