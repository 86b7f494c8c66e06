#ifndef GENWATCH_TESTS_JOB_SERVICE_JOB_STORE_CONTRACT_H_
#define GENWATCH_TESTS_JOB_SERVICE_JOB_STORE_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/status.h"
#include "job_service/job_store.h"

namespace genwatch {

// An empty store, and a hand on its clock.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual JobStore& store() = 0;
  // Deadlines and retry times come nearer by as much.
  virtual void PassTime(absl::Duration duration) = 0;
};

struct StoreMaker {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;
};
inline void PrintTo(const StoreMaker& maker, std::ostream* out) { *out << maker.name; }

// What every JobStore does. Each test starts with an empty store.
class JobStoreContract : public testing::TestWithParam<StoreMaker> {
 protected:
  JobStoreContract() : under_test_(GetParam().make()) {}

  JobStore& store() { return under_test_->store(); }
  void PassTime(absl::Duration duration) { under_test_->PassTime(duration); }

  // "job_" and 32 digits; n names it.
  static std::string JobId(int n);
  static NewJob Job(int n, const std::string& owner = "ann");
  static v1::Worker Worker(int n, const std::string& server_url = "http://model:11434");
  static v1::TextPiece Piece(v1::Channel channel, uint32_t offset, const std::string& text);
  static v1::HeldJob Held(const JobRecord& job);

  // Each fails the test where the store fails.
  JobRecord Insert(const NewJob& job);
  JobRecord Get(const std::string& job_id);
  void Beat(const v1::Worker& worker, uint32_t number = 1);
  LeaseResult Lease(const v1::Worker& worker, const std::vector<std::string>& job_ids,
                    uint32_t limit = 100, bool alone = false);
  // Inserts job n, and leases it to worker 1.
  JobRecord InsertLeased(int n, const std::string& owner = "ann");
  AppendResult Append(const JobRecord& leased, const std::vector<v1::TextPiece>& pieces);
  std::string Text(const std::string& job_id, v1::Channel channel = v1::CHANNEL_ANSWER);

  static FinishedAttempt Finish(const JobRecord& leased, v1::Outcome outcome);
  static OwnerChange Order(const JobRecord& job, JobState to);

 private:
  std::unique_ptr<StoreUnderTest> under_test_;
};

MATCHER_P2(FailsWith, code, reason, "") {
  *result_listener << arg;
  return arg.code() == code && ReasonOf(arg) == reason;
}

}  // namespace genwatch

#endif  // GENWATCH_TESTS_JOB_SERVICE_JOB_STORE_CONTRACT_H_
