# GENWATCH_SANITIZE=thread or address (with undefined behaviour); empty for none. These flags are
# global, because a sanitizer has to see all code, also the generated. -O1 has the better stacks and
# compiles a third faster.
set(GENWATCH_SANITIZE "" CACHE STRING "thread, address, or empty")
if(GENWATCH_SANITIZE STREQUAL "thread")
  # Where __SANITIZE_THREAD__ is defined, protobuf's map fields have two members more than in Debian's
  # libprotobuf, and any message with a map ends in a crash.
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer -O1 -U__SANITIZE_THREAD__)
  add_link_options(-fsanitize=thread)
  # For ctest; a program run by hand needs it in its environment as well.
  set(GENWATCH_SANITIZER_ENVIRONMENT
    "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/sanitizers/tsan.supp:second_deadlock_stack=1")
elseif(GENWATCH_SANITIZE STREQUAL "address")
  add_compile_options(
    -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1)
  add_link_options(-fsanitize=address,undefined)
  set(GENWATCH_SANITIZER_ENVIRONMENT
    "ASAN_OPTIONS=detect_stack_use_after_return=1"
    "UBSAN_OPTIONS=print_stacktrace=1")
elseif(GENWATCH_SANITIZE)
  message(FATAL_ERROR "GENWATCH_SANITIZE is '${GENWATCH_SANITIZE}'; use thread, address, or leave it empty")
endif()
