#include "tests/job_service/fake_job_store.h"
#include "tests/job_service/job_store_contract.h"
#include "tests/support/fake_clock.h"

namespace genwatch {
namespace {

class FakeUnderTest : public StoreUnderTest {
 public:
  JobStore& store() override { return store_; }
  void PassTime(absl::Duration duration) override { clock_.Advance(duration); }

 private:
  FakeClock clock_;
  FakeJobStore store_{&clock_};
};

INSTANTIATE_TEST_SUITE_P(Fake, JobStoreContract,
                         testing::Values(StoreMaker{
                             "Fake", [] { return std::make_unique<FakeUnderTest>(); }}),
                         [](const auto& test) { return test.param.name; });

TEST(FakeJobStore, SaysUnavailableWhenTold) {
  FakeClock clock;
  FakeJobStore store(&clock);
  store.SetUnavailable(true);
  EXPECT_THAT(store.Probe(), FailsWith(absl::StatusCode::kUnavailable, "LEDGER_UNAVAILABLE"));
  EXPECT_TRUE(absl::IsUnavailable(store.Insert({}).status()));
  store.SetUnavailable(false);
  EXPECT_TRUE(store.Probe().ok());
}

}  // namespace
}  // namespace genwatch
