CREATE TABLE `ai_generation_attempts` (
  `job` bigint(20) unsigned NOT NULL COMMENT 'ai_generation_jobs.id',
  `attempt` int(10) unsigned NOT NULL,
  `version` int(10) unsigned NOT NULL COMMENT 'of the job, as of the lease',
  `model` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `instance` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `worker_address` varchar(255) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `server_url` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `alone` tinyint(1) NOT NULL,
  `base_answer` int(10) unsigned NOT NULL COMMENT 'bytes of kept text that still stood when it began',
  `base_thinking` int(10) unsigned NOT NULL,
  `had_text` tinyint(1) NOT NULL DEFAULT 0 COMMENT 'text of earlier attempts was kept when it began',
  `leased_at` datetime(6) NOT NULL,
  `ended_at` datetime(6) DEFAULT NULL,
  `outcome` enum('completed','passing','once_more','permanent','handed_over','cancelled','paused','lost','released') CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `reason` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  `error_message` text DEFAULT NULL,
  `numbers` blob DEFAULT NULL COMMENT 'genwatch.v1.JobNumbers at its end',
  `facts` blob DEFAULT NULL COMMENT 'genwatch.v1.AttemptFacts',
  PRIMARY KEY (`job`,`attempt`),
  KEY `k_model_leased` (`model`,`leased_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

CREATE TABLE `ai_generation_estimate_samples` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `model` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `share` tinyint(3) unsigned NOT NULL COMMENT 'of its tokens that the job had made, in percent',
  `told_ms` int(10) unsigned NOT NULL,
  `told_low_ms` int(10) unsigned NOT NULL,
  `told_high_ms` int(10) unsigned NOT NULL,
  `true_ms` int(10) unsigned NOT NULL,
  `ended_at` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `k_model` (`model`,`id`),
  KEY `k_ended` (`ended_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

CREATE TABLE `ai_generation_jobs` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `job_id` char(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `owner_id` varchar(128) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `request_id` varchar(128) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL COMMENT 'makes the submit idempotent',
  `spec_hash` varbinary(64) NOT NULL COMMENT 'of the spec as submitted',
  `retry_of` char(36) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `status` enum('queued','processing','completed','failed','paused','cancelled','expired') CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `version` int(10) unsigned NOT NULL COMMENT 'raised by each change of state',
  `reason` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  `error_message` text DEFAULT NULL,
  `model` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `prompt` mediumtext NOT NULL,
  `spec` mediumblob NOT NULL COMMENT 'genwatch.v1.JobSpec without model and prompt',
  `priority` tinyint(3) unsigned NOT NULL COMMENT 'genwatch.v1.Priority',
  `job_class` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT '',
  `think` tinyint(3) unsigned NOT NULL DEFAULT 0 COMMENT 'genwatch.v1.Thinking',
  `labels` longtext DEFAULT NULL CHECK (json_valid(`labels`)),
  `attempt` int(10) unsigned NOT NULL DEFAULT 0 COMMENT 'leases so far',
  `failures` int(10) unsigned NOT NULL DEFAULT 0,
  `max_failures` int(10) unsigned NOT NULL,
  `losses` int(10) unsigned NOT NULL DEFAULT 0 COMMENT 'workers lost under it',
  `losses_alone` int(10) unsigned NOT NULL DEFAULT 0 COMMENT 'of those, while alone on the worker and without new text',
  `progress_percentage` decimal(5,2) NOT NULL DEFAULT 0.00,
  `current_tokens` int(10) unsigned NOT NULL DEFAULT 0,
  `tokens_estimated` tinyint(1) NOT NULL DEFAULT 0,
  `tokens_per_second` decimal(10,2) NOT NULL DEFAULT 0.00,
  `chars_per_second` decimal(12,2) NOT NULL DEFAULT 0.00,
  `elapsed_time` int(10) unsigned NOT NULL DEFAULT 0 COMMENT 'ms of processing, over all attempts',
  `estimated_time_remaining` int(10) unsigned DEFAULT NULL COMMENT 'ms; NULL while unknown, as are its band and the counts below',
  `estimated_time_remaining_low` int(10) unsigned DEFAULT NULL,
  `estimated_time_remaining_high` int(10) unsigned DEFAULT NULL,
  `prompt_tokens` int(10) unsigned DEFAULT NULL,
  `completion_tokens` int(10) unsigned DEFAULT NULL,
  `total_tokens` int(10) unsigned DEFAULT NULL,
  `first_token_ms` int(10) unsigned DEFAULT NULL,
  `answer_bytes` int(10) unsigned NOT NULL DEFAULT 0 COMMENT 'kept in ai_generation_texts',
  `thinking_bytes` int(10) unsigned NOT NULL DEFAULT 0 COMMENT 'kept in ai_generation_texts',
  `done_reason` varchar(64) NOT NULL DEFAULT '',
  `progress_sequence` int(10) unsigned NOT NULL DEFAULT 0 COMMENT 'of the newest progress stored under this version',
  `last_update_at` datetime(6) DEFAULT NULL COMMENT 'when progress was last stored',
  `estimated_bricks_cost` int(11) DEFAULT NULL,
  `actual_bricks_cost` int(11) DEFAULT NULL,
  `created_at` datetime(6) NOT NULL,
  `started_at` datetime(6) DEFAULT NULL COMMENT 'first lease',
  `completed_at` datetime(6) DEFAULT NULL COMMENT 'end, whichever it was',
  `updated_at` datetime(6) NOT NULL COMMENT 'last change of state; progress moves last_update_at only',
  `not_before` datetime(6) DEFAULT NULL COMMENT 'while queued: time of the next attempt',
  `waiting_deadline` datetime(6) DEFAULT NULL COMMENT 'until the first lease: expires after',
  `instance` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL,
  `worker_address` varchar(255) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL,
  `server_url` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin DEFAULT NULL,
  `server_model_id` int(10) unsigned DEFAULT NULL COMMENT 'the row of ai_generation_server_models that limits it',
  `lease_heartbeat` int(10) unsigned DEFAULT NULL COMMENT 'the last heartbeat of the instance before the lease',
  `alone` tinyint(1) NOT NULL DEFAULT 0 COMMENT 'nothing else runs on the worker',
  `score` double DEFAULT NULL COMMENT 'place in the queue it was taken from; a requeue goes back to it',
  `has_kind` tinyint(1) NOT NULL DEFAULT 0 COMMENT 'the labels have the key kind',
  PRIMARY KEY (`id`),
  UNIQUE KEY `uk_job_id` (`job_id`),
  UNIQUE KEY `uk_request` (`owner_id`,`request_id`),
  UNIQUE KEY `uk_retry_of` (`retry_of`),
  KEY `k_status_updated` (`status`,`updated_at`),
  KEY `k_status_not_before` (`status`,`not_before`),
  KEY `k_owner` (`owner_id`,`id`),
  KEY `k_owner_status` (`owner_id`,`status`,`id`),
  KEY `k_waiting_deadline` (`waiting_deadline`),
  KEY `k_instance` (`instance`),
  KEY `k_server_model` (`server_model_id`),
  KEY `k_created` (`created_at`),
  KEY `k_owner_kind` (`owner_id`,`has_kind`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

CREATE TABLE `ai_generation_lengths` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `model` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `job_class` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `think` tinyint(3) unsigned NOT NULL COMMENT 'genwatch.v1.Thinking',
  `tokens` int(10) unsigned NOT NULL COMMENT 'generated',
  `censored` tinyint(1) NOT NULL COMMENT 'there would have been more',
  `chunks` int(10) unsigned NOT NULL,
  `eval_ms` double NOT NULL,
  `first_token_ms` double NOT NULL,
  `load_ms` double NOT NULL,
  `prompt_bytes` int(10) unsigned NOT NULL,
  `prompt_tokens` int(10) unsigned NOT NULL,
  `prompt_eval_ms` double NOT NULL,
  PRIMARY KEY (`id`),
  KEY `k_class` (`model`,`job_class`,`think`,`id`,`tokens`,`censored`),
  KEY `k_model` (`model`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

CREATE TABLE `ai_generation_model_days` (
  `model` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `day` int(10) unsigned NOT NULL COMMENT 'since 1970-01-01',
  `stats` blob NOT NULL COMMENT 'genwatch.v1.ModelDay',
  PRIMARY KEY (`model`,`day`),
  KEY `k_day` (`day`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

CREATE TABLE `ai_generation_model_holds` (
  `model` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `note` varchar(1024) NOT NULL DEFAULT '',
  `held_at` datetime(6) NOT NULL,
  PRIMARY KEY (`model`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

CREATE TABLE `ai_generation_model_reports` (
  `server_url` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `report` mediumblob NOT NULL COMMENT 'genwatch.v1.ModelReport',
  `reported_at` datetime(6) NOT NULL,
  PRIMARY KEY (`server_url`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

CREATE TABLE `ai_generation_probe` (
  `id` tinyint(3) unsigned NOT NULL,
  `probed_at` datetime(6) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

CREATE TABLE `ai_generation_scores` (
  `job` bigint(20) unsigned NOT NULL COMMENT 'ai_generation_jobs.id',
  `score` blob NOT NULL COMMENT 'genwatch.v1.EstimateScore',
  `recorded_at` datetime(6) NOT NULL,
  PRIMARY KEY (`job`),
  KEY `k_recorded` (`recorded_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

CREATE TABLE `ai_generation_server_models` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
  `server_url` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `model` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uk_server_model` (`server_url`,`model`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

CREATE TABLE `ai_generation_stats_marks` (
  `status` enum('completed','failed','cancelled','expired') CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `updated_at` datetime(6) NOT NULL COMMENT 'of the last job that was counted',
  `job` bigint(20) unsigned NOT NULL COMMENT 'the same: ai_generation_jobs.id',
  PRIMARY KEY (`status`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

CREATE TABLE `ai_generation_suspects` (
  `job` bigint(20) unsigned NOT NULL COMMENT 'ai_generation_jobs.id',
  PRIMARY KEY (`job`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

CREATE TABLE `ai_generation_texts` (
  `job` bigint(20) unsigned NOT NULL COMMENT 'ai_generation_jobs.id',
  `attempt` int(10) unsigned NOT NULL,
  `channel` tinyint(3) unsigned NOT NULL COMMENT 'genwatch.v1.Channel: 1 answer, 2 thinking',
  `start` int(10) unsigned NOT NULL COMMENT 'of its first byte in the text',
  `body` mediumblob NOT NULL COMMENT 'UTF-8, cut at character borders; bytes, so that offsets are bytes',
  PRIMARY KEY (`job`,`attempt`,`channel`,`start`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

CREATE TABLE `ai_generation_workers` (
  `instance` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `heartbeat_number` int(10) unsigned NOT NULL,
  `address` varchar(255) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'host:port of its GenerationService',
  `server_url` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `registered_at` datetime(6) NOT NULL,
  `heartbeat_at` datetime(6) NOT NULL COMMENT 'for people; nothing is decided by it',
  PRIMARY KEY (`instance`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC

