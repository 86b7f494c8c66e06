#include "tests/chaos/harness/failpoint_lives.h"

#include <fstream>

#include "absl/strings/str_cat.h"

namespace genwatch::chaos {

absl::Status FailpointLives::Begin(const std::string& rules) {
  process_->Kill();
  process_->SetEnvironment({absl::StrCat("GENWATCH_FAILPOINTS=", rules, ";seed=", random_.Next()),
                            absl::StrCat("GENWATCH_FAILPOINTS_LOG=", log_)});
  return process_->Start();
}

std::map<std::string, int> FailpointLives::Injected() const {
  std::map<std::string, int> counts;
  std::ifstream log(log_);
  std::string name;
  std::string action;
  while (log >> name >> action) ++counts[name];
  return counts;
}

int FailpointLives::InjectedInAll() const {
  int count = 0;
  for (const auto& [name, times] : Injected()) count += times;
  return count;
}

}  // namespace genwatch::chaos
