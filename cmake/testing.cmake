# genwatch_test(<name> [SOURCES file...] [LIBS target...] [LABELS label...] [TIMEOUT seconds]
#               [ENVIRONMENT VAR=value...] [ONE_PROCESS])
# A GoogleTest program; SOURCES defaults to <name>.cc. Each TEST is a ctest test of its own (a process
# each), except with ONE_PROCESS: then the whole program is one, for suites that share a server
# (PrivateMariaDb::Shared) whose start would cost more than the tests.
function(genwatch_test name)
  cmake_parse_arguments(arg "ONE_PROCESS" "TIMEOUT" "SOURCES;LIBS;LABELS;ENVIRONMENT" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "genwatch_test(${name}): unknown '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT arg_SOURCES)
    set(arg_SOURCES ${name}.cc)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  target_link_libraries(${name} PRIVATE
    ${arg_LIBS} GTest::gmock GTest::gtest_main genwatch_warnings)
  set(environment ${GENWATCH_SANITIZER_ENVIRONMENT} ${arg_ENVIRONMENT})
  if(arg_ONE_PROCESS)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES
      TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}" ENVIRONMENT "${environment}")
  else()
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX ${name}.
      PROPERTIES TIMEOUT ${arg_TIMEOUT})
    # A list would reach the discovered tests as its first value alone, the others as names of properties; so
    # lists are set by a file that ctest reads behind the one that names the tests.
    set(lists ${CMAKE_CURRENT_BINARY_DIR}/${name}_lists.cmake)
    file(CONFIGURE OUTPUT ${lists} CONTENT
      [[foreach(test IN LISTS @name@_TESTS)
  set_tests_properties("${test}" PROPERTIES LABELS [==[@arg_LABELS@]==] ENVIRONMENT [==[@environment@]==])
endforeach()
]] @ONLY)
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${lists})
  endif()
endfunction()
