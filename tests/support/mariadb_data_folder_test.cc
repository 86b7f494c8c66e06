#include "tests/support/mariadb_data_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "tests/support/temp_dir.h"

namespace genwatch {
namespace {

namespace fs = std::filesystem;

int FoldersIn(const std::string& path) {
  int folders = 0;
  for (const auto& entry : fs::directory_iterator(path)) folders += entry.is_directory() ? 1 : 0;
  return folders;
}

TEST(MariaDbDataFolderTest, ProcessesAtOnceShareOneTemplateAndAnUnfinishedOneIsNotUsed) {
  const TempDir dir;
  const std::string cache = dir.File("cache");
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      const std::string data = dir.File("data" + std::to_string(i));
      const bool made = MakeMariaDbDataFolder(data, cache).ok() && fs::exists(data + "/mysql");
      _exit(made ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  ASSERT_EQ(FoldersIn(cache), 1);

  // As if a process had died while it made one.
  for (const auto& entry : fs::directory_iterator(cache)) {
    if (!entry.is_directory()) continue;
    fs::create_directories(entry.path().string() + ".unfinished/mysql");
    fs::remove_all(entry.path());
    break;
  }
  ASSERT_TRUE(MakeMariaDbDataFolder(dir.File("again"), cache).ok());
  EXPECT_TRUE(fs::exists(dir.File("again") + "/ibdata1"));
  EXPECT_EQ(FoldersIn(cache), 1);
}

}  // namespace
}  // namespace genwatch
