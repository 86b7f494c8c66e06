#include "absl/strings/str_cat.h"
#include "tests/job_service/job_store_contract.h"
#include "tests/job_service/mariadb_store_fixture.h"

namespace genwatch {
namespace {

class MariaDbUnderTest : public StoreUnderTest {
 public:
  MariaDbUnderTest() : store_(StoreOn(PrivateMariaDb::Shared(), SharedDatabase())) {
    WipeSharedDatabase();
  }

  JobStore& store() override { return store_; }

  // The server's clock is not ours to move: the times that it is compared with are.
  void PassTime(absl::Duration duration) override {
    const std::string by =
        absl::StrCat(" - INTERVAL ", absl::ToInt64Microseconds(duration), " MICROSECOND");
    Sql(absl::StrCat("UPDATE ai_generation_jobs SET not_before = not_before", by,
                     ", waiting_deadline = waiting_deadline", by, ";"));
  }

 private:
  MariaDbJobStore store_;
};

INSTANTIATE_TEST_SUITE_P(MariaDb, JobStoreContract,
                         testing::Values(StoreMaker{
                             "MariaDb", [] { return std::make_unique<MariaDbUnderTest>(); }}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace genwatch
