# Linked privately by every target of ours; generated code and system headers stay out of it.
add_library(genwatch_warnings INTERFACE)
target_compile_options(genwatch_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(genwatch_warnings INTERFACE -Wthread-safety -Wno-c99-designator)
endif()
