# The ledger's tests. The contract suite is compiled once and runs on the fake and on the real one.
add_library(job_store_fake STATIC fake_job_store.cc fake_job_store_orders.cc
  fake_job_store_stats.cc)
target_link_libraries(job_store_fake PUBLIC job_state_lib PRIVATE genwatch_warnings)

add_library(job_store_contract_fixture STATIC job_store_contract.cc)
target_link_libraries(job_store_contract_fixture
  PUBLIC job_state_lib GTest::gmock PRIVATE genwatch_warnings)

add_library(job_store_contract OBJECT
  job_store_contract_batch.cc
  job_store_contract_change.cc
  job_store_contract_finish.cc
  job_store_contract_lease.cc
  job_store_contract_orders.cc
  job_store_contract_resume.cc
  job_store_contract_stats.cc
  job_store_contract_submit.cc
  job_store_contract_text.cc
  job_store_contract_worker.cc)
target_link_libraries(job_store_contract
  PUBLIC job_store_contract_fixture PRIVATE genwatch_warnings)

genwatch_test(fake_job_store_contract_test
  LIBS job_store_contract job_store_fake test_support LABELS job_service ONE_PROCESS)

add_library(mariadb_store_fixture STATIC mariadb_store_fixture.cc)
target_link_libraries(mariadb_store_fixture
  PUBLIC job_store_lib test_support GTest::gtest PRIVATE genwatch_warnings)

genwatch_test(mariadb_job_store_contract_test
  LIBS job_store_contract mariadb_store_fixture LABELS mariadb TIMEOUT 120 ONE_PROCESS)

foreach(name IN ITEMS expected_wait_test job_change_test job_estimate_test job_state_test kept_text_test length_lesson_test
    model_stats_test)
  genwatch_test(${name} LIBS job_state_lib LABELS job_service)
endforeach()

genwatch_test(migrations_test LIBS test_support LABELS mariadb ONE_PROCESS)
target_compile_definitions(migrations_test PRIVATE GENWATCH_SOURCE_DIR="${PROJECT_SOURCE_DIR}")

foreach(name IN ITEMS mariadb_connection_test mariadb_pool_test mariadb_transaction_test)
  genwatch_test(${name}
    LIBS mariadb_store_fixture LABELS mariadb ONE_PROCESS)
endforeach()

foreach(name IN ITEMS mariadb_ledger_test mariadb_outage_test mariadb_races_test)
  genwatch_test(${name}
    LIBS job_store_contract_fixture mariadb_store_fixture LABELS mariadb TIMEOUT 120 ONE_PROCESS)
endforeach()
