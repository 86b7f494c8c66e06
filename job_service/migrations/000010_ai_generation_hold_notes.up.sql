-- Why the queue of a model is held, for whoever finds it so.
ALTER TABLE ai_generation_model_holds
  ADD COLUMN note VARCHAR(1024) NOT NULL DEFAULT '' AFTER model;
