# job_queue_lib: the queue, and the only place that links hiredis.
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)

foreach(script order enqueue pop confirm put_back remove reprioritize places sizes)
  file(READ redis/${script}.lua ${script}_lua)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${CMAKE_CURRENT_SOURCE_DIR}/redis/${script}.lua)
endforeach()
configure_file(redis/scripts.h.in redis/scripts.h @ONLY)

add_library(job_queue_lib STATIC
  redis/client.cc
  redis/connection.cc
  redis_job_queue.cc)
target_link_libraries(job_queue_lib
  PUBLIC genwatch_common genwatch_protos
  PRIVATE PkgConfig::HIREDIS genwatch_warnings)
