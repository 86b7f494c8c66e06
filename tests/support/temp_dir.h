#ifndef GENWATCH_TESTS_SUPPORT_TEMP_DIR_H_
#define GENWATCH_TESTS_SUPPORT_TEMP_DIR_H_

#include <string>

namespace genwatch {

// A fresh directory in /tmp, or in the folder that GENWATCH_TEST_TMP names, with a short path (unix
// sockets have at most 107 characters), removed with everything in it by the destructor. Not
// thread-safe.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_SUPPORT_TEMP_DIR_H_
