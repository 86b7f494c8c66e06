ALTER TABLE ai_generation_jobs DROP KEY k_owner_kind, DROP COLUMN has_kind;
