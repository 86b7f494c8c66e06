-- Jobs with a label `kind` are posts: a feed of an owner's posts is read newest first, without
-- passing by all the other jobs.
ALTER TABLE ai_generation_jobs
  ADD COLUMN has_kind BOOLEAN NOT NULL DEFAULT FALSE
    COMMENT 'the labels have the key kind';
UPDATE ai_generation_jobs SET has_kind = TRUE
  WHERE labels IS NOT NULL AND JSON_CONTAINS_PATH(labels, 'one', '$.kind');
ALTER TABLE ai_generation_jobs
  ADD KEY k_owner_kind (owner_id, has_kind, id);
