ALTER TABLE ai_generation_model_holds DROP COLUMN note;
