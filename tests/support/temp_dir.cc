#include "tests/support/temp_dir.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace genwatch {

namespace {

std::string Template() {
  const char* const folder = std::getenv("GENWATCH_TEST_TMP");
  return std::string(folder == nullptr ? "/tmp" : folder) + "/genwatch.XXXXXX";
}

}  // namespace

TempDir::TempDir() : path_(Template()) {
  if (mkdtemp(path_.data()) == nullptr) {
    std::perror("mkdtemp of genwatch.XXXXXX");
    std::abort();
  }
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace genwatch
