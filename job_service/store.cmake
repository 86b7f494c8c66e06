# job_state_lib: what each change of a job is, without I/O; job_store_lib: the ledger, and the only
# place that links MariaDB's client.
pkg_check_modules(MARIADB REQUIRED IMPORTED_TARGET libmariadb)

add_library(job_state_lib STATIC
  expected_wait.cc
  job_change.cc
  job_estimate.cc
  job_state.cc
  kept_text.cc
  lease_choice.cc
  length_lesson.cc
  log_histogram.cc
  model_stats.cc)
target_link_libraries(job_state_lib
  PUBLIC genwatch_common genwatch_estimates genwatch_protos
  PRIVATE genwatch_warnings)

add_library(job_mariadb_lib STATIC
  mariadb/bind.cc
  mariadb/connection.cc
  mariadb/error.cc
  mariadb/pool.cc
  mariadb/statement.cc
  mariadb/transaction.cc
  mariadb/value.cc)
target_link_libraries(job_mariadb_lib
  PUBLIC genwatch_common
  PRIVATE PkgConfig::MARIADB genwatch_warnings)

add_library(job_store_lib STATIC
  job_rows.cc
  list_query.cc
  mariadb_job_store.cc
  mariadb_job_store_changes.cc
  mariadb_job_store_leases.cc
  mariadb_job_store_models.cc
  mariadb_job_store_orders.cc
  mariadb_job_store_stats.cc
  mariadb_job_store_submits.cc
  mariadb_job_store_texts.cc
  mariadb_job_store_workers.cc
  progress_json.cc
  row_writes.cc
  text_rows.cc)
target_link_libraries(job_store_lib
  PUBLIC job_mariadb_lib job_state_lib
  PRIVATE genwatch_warnings)
