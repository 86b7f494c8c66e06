#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/status.h"
#include "tests/job_service/job_services_fixture.h"

namespace genwatch {
namespace {

// What people are told before they submit.
class JobForecastTest : public JobServicesTest {
 protected:
  JobForecastTest() { Offer("m"); }

  void Offer(const std::string& model, bool loaded = true, bool reachable = true) {
    v1::ModelReport report;
    report.mutable_server()->set_url("http://models");
    report.mutable_server()->set_reachable(reachable);
    v1::Model& offered = *report.add_models();
    offered.set_name(model);
    offered.set_loaded(loaded);
    offered.set_loaded_context_length(loaded ? 1000 : 0);
    models_.Update(report);
  }

  // A job of `job_class` that ended after so many tokens, a token each 20 ms.
  void Past(uint32_t tokens, const std::string& job_class = "") {
    v1::SubmitJobRequest request = Request("0123456789");
    request.mutable_spec()->set_job_class(job_class);
    ASSERT_TRUE(Submit(request).ok());
    const absl::StatusOr<v1::LeaseJobsResponse> leased = Lease();
    ASSERT_EQ(leased->jobs_size(), 1);
    v1::FinishAttemptRequest finish;
    finish.set_instance("w_1");
    finish.set_job_id(leased->jobs(0).job_id());
    finish.set_version(leased->jobs(0).version());
    finish.set_outcome(v1::OUTCOME_COMPLETED);
    finish.mutable_numbers()->set_completion_tokens(tokens);
    finish.mutable_numbers()->set_prompt_tokens(5);
    finish.mutable_numbers()->set_first_token_ms(100);
    finish.mutable_numbers()->set_done_reason("stop");
    finish.mutable_facts()->set_eval_ms(20 * tokens);
    finish.mutable_facts()->set_prompt_eval_ms(50);
    auto context = TestContext("");
    v1::FinishAttemptResponse response;
    const grpc::Status status = leases_->FinishAttempt(context.get(), finish, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  v1::EstimateJobResponse EstimateOf(const v1::EstimateJobRequest& request = {}) {
    const absl::StatusOr<v1::EstimateJobResponse> estimate = Estimate(request);
    EXPECT_TRUE(estimate.ok()) << estimate.status();
    return estimate.value_or(v1::EstimateJobResponse());
  }
};

TEST_F(JobForecastTest, PastJobsOfTheClassSpeakForTheNextOne) {
  for (uint32_t i = 1; i <= 10; ++i) Past(10 * i, "title");
  for (uint32_t i = 1; i <= 20; ++i) Past(1000 * i, "essay");
  v1::EstimateJobRequest request;
  request.set_model("m");
  request.set_job_class("title");
  request.set_prompt_bytes(20);
  const v1::EstimateJobResponse title = EstimateOf(request);
  EXPECT_EQ(title.model(), "m");
  EXPECT_EQ(title.basis(), v1::EstimateJobResponse::BASIS_CLASS);
  EXPECT_EQ(title.past_jobs(), 10u);
  EXPECT_EQ(title.tokens(), 50u);
  EXPECT_NEAR(title.tokens_per_second(), 50, 0.1);
  // Half a token for each byte, ten of them in 100 ms.
  EXPECT_EQ(title.first_token_ms(), 100u);
  EXPECT_EQ(title.duration_ms(), 1100u);

  // A class that nobody knows takes what the model does otherwise, as its lease would.
  request.set_job_class("poem");
  const v1::EstimateJobResponse poem = EstimateOf(request);
  EXPECT_EQ(poem.basis(), v1::EstimateJobResponse::BASIS_MODEL);
  EXPECT_EQ(poem.past_jobs(), 30u);
  // The model is in memory with 1,000 tokens of context.
  EXPECT_EQ(poem.tokens_high(), 990u);
}

TEST_F(JobForecastTest, TheWaitIsThatOfTheQueue) {
  EXPECT_EQ(EstimateOf().waiting(), 0u);
  EXPECT_FALSE(EstimateOf().has_expected_wait_ms());
  for (int i = 0; i < 2; ++i) {
    Submit("one").IgnoreError();
    ASSERT_TRUE(Finish(Lease()->jobs(0), v1::OUTCOME_COMPLETED).ok());
    clock_.Advance(absl::Seconds(10));
  }
  Submit("one").IgnoreError();
  const v1::EstimateJobResponse estimate = EstimateOf();
  EXPECT_EQ(estimate.waiting(), 1u);
  EXPECT_TRUE(estimate.has_expected_wait_ms());
  EXPECT_EQ(estimate.expected_wait_ms(), Queue("m")->queues(0).expected_wait_ms());

  ASSERT_TRUE(Hold("m").ok());
  EXPECT_TRUE(EstimateOf().held());
  EXPECT_FALSE(EstimateOf().has_expected_wait_ms());
}

TEST_F(JobForecastTest, WithoutItsServerOrTheQueueNoWaitIsPromised) {
  queue_.SetDown(true);
  EXPECT_FALSE(EstimateOf().has_waiting());
  queue_.SetDown(false);
  Offer("m", /*loaded=*/false, /*reachable=*/false);
  EXPECT_EQ(EstimateOf().reason(), "MODEL_SERVER_UNREACHABLE");
  store_.SetUnavailable(true);
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(ReasonOf(Estimate({}).status()), "LEDGER_UNAVAILABLE");
}

TEST_F(JobForecastTest, NothingIsEstimatedForNobodyAndNothing) {
  EXPECT_EQ(ReasonOf(Estimate({}, "").status()), "NO_IDENTITY");
  v1::EstimateJobRequest request;
  request.set_model("unheard-of");
  EXPECT_EQ(ReasonOf(Estimate(request).status()), "MODEL_NOT_FOUND");
  request.set_model("m");
  request.set_job_class("no class");
  EXPECT_EQ(ReasonOf(Estimate(request).status()), "INVALID_SPEC");
}

TEST_F(JobForecastTest, TheLedgerIsAskedOnceInTenSeconds) {
  for (uint32_t i = 1; i <= 10; ++i) Past(100);
  EXPECT_EQ(EstimateOf().past_jobs(), 10u);
  Past(100);
  EXPECT_EQ(EstimateOf().past_jobs(), 10u);
  clock_.Advance(absl::Seconds(11));
  EXPECT_EQ(EstimateOf().past_jobs(), 11u);
}

}  // namespace
}  // namespace genwatch
