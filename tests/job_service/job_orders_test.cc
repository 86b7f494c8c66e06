#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/status.h"
#include "job_service/job_proto.h"
#include "tests/job_service/job_services_fixture.h"

namespace genwatch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class JobOrdersTest : public JobServicesTest {
 protected:
  std::string Submitted(const std::string& prompt = "Say hi") { return Submit(prompt)->job_id(); }
  // Submitted and leased to w_1, which has stored "Hello, ".
  v1::LeasedJob Running() {
    Submitted();
    const v1::LeasedJob job = Lease()->jobs(0);
    EXPECT_TRUE(Append(job, "Hello, ").ok());
    return job;
  }
  std::string Ended(v1::Outcome outcome) {
    const v1::LeasedJob job = Running();
    EXPECT_TRUE(Finish(job, outcome, outcome == v1::OUTCOME_COMPLETED ? "" : "BAD_MODEL").ok());
    return job.job_id();
  }
  uint32_t PositionOf(const std::string& job_id) {
    return queue_.Places({{.job_id = job_id}})->at(0).position;
  }
};

// ---- Pause and resume.

TEST_F(JobOrdersTest, APausedJobWaitsForItsOwnerAndComesBack) {
  const std::string id = Submitted();
  absl::StatusOr<v1::Job> paused = Pause(id);
  ASSERT_TRUE(paused.ok()) << paused.status();
  EXPECT_EQ(paused->state(), v1::Job::STATE_PAUSED);
  EXPECT_EQ(paused->reason(), "PAUSED_BY_OWNER");
  EXPECT_EQ(stops_, 0);
  reconciler_.Run();
  EXPECT_EQ(Lease()->jobs_size(), 0);
  absl::StatusOr<v1::Job> resumed = Resume(id);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(resumed->state(), v1::Job::STATE_QUEUED);
  EXPECT_EQ(resumed->reason(), "");
  EXPECT_EQ(Lease()->jobs_size(), 1);
}

TEST_F(JobOrdersTest, PauseOfARunningJobStopsItsWorkerAndKeepsTheTail) {
  const v1::LeasedJob job = Running();
  SetStoppedWithTail(7, "wor");
  absl::StatusOr<v1::Job> paused = Pause(job.job_id());
  ASSERT_TRUE(paused.ok()) << paused.status();
  EXPECT_EQ(paused->state(), v1::Job::STATE_PAUSED);
  EXPECT_EQ(paused->failures(), 0u);
  EXPECT_EQ(paused->numbers().answer_bytes(), 10u);
  EXPECT_EQ(stops_, 1);
  EXPECT_EQ(LastStopReason(), v1::STOP_REASON_PAUSED);
  EXPECT_EQ(Output(job.job_id()), "Hello, wor");
  // Its worker can neither add nor end it.
  EXPECT_FALSE(Append(job, "ld").ok());
  EXPECT_EQ(ReasonOf(Finish(job, v1::OUTCOME_COMPLETED).status()), "LEASE_LOST");
  ASSERT_TRUE(Resume(job.job_id()).ok());
  EXPECT_EQ(Lease()->jobs(0).attempt(), 2u);
}

TEST_F(JobOrdersTest, AWorkerThatDoesNotAnswerAPauseIsToldByItsHeartbeat) {
  ASSERT_TRUE(Beat(1).ok());
  const v1::LeasedJob job = Running();
  EXPECT_EQ(Pause(job.job_id())->state(), v1::Job::STATE_PAUSED);
  EXPECT_EQ(Output(job.job_id()), "Hello, ");
  absl::StatusOr<v1::HeartbeatResponse> beat = Beat(2, {job});
  ASSERT_TRUE(beat.ok()) << beat.status();
  ASSERT_EQ(beat->stop_size(), 1);
  EXPECT_EQ(beat->stop(0).reason(), v1::STOP_REASON_PAUSED);
}

TEST_F(JobOrdersTest, AJobPausedAndResumedBeforeTheHeartbeatIsStoppedAsLost) {
  ASSERT_TRUE(Beat(1).ok());
  const v1::LeasedJob job = Running();
  ASSERT_TRUE(Pause(job.job_id()).ok());
  ASSERT_TRUE(Resume(job.job_id()).ok());
  absl::StatusOr<v1::HeartbeatResponse> beat = Beat(2, {job});
  ASSERT_EQ(beat->stop_size(), 1);
  EXPECT_EQ(beat->stop(0).reason(), v1::STOP_REASON_LEASE_LOST);
  EXPECT_FALSE(Append(job, "late").ok());
}

TEST_F(JobOrdersTest, TheSameOrderTwiceIsTheSameAsOnce) {
  const v1::LeasedJob job = Running();
  absl::StatusOr<v1::Job> first = Pause(job.job_id());
  absl::StatusOr<v1::Job> second = Pause(job.job_id());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->version(), second->version());
  EXPECT_EQ(stops_, 1);
  first = Resume(job.job_id());
  second = Resume(job.job_id());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->version(), second->version());
  // Nor does it matter that a worker was quick.
  ASSERT_EQ(Lease()->jobs_size(), 1);
  second = Resume(job.job_id());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->state(), v1::Job::STATE_PROCESSING);
  first = Cancel(job.job_id());
  second = Cancel(job.job_id());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->version(), second->version());
}

TEST_F(JobOrdersTest, APausedJobThatIsCancelledKeepsItsText) {
  const v1::LeasedJob job = Running();
  SetStoppedWithTail(7, "wor");
  ASSERT_TRUE(Pause(job.job_id()).ok());
  absl::StatusOr<v1::Job> cancelled = Cancel(job.job_id());
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::Job::STATE_CANCELLED);
  EXPECT_EQ(stops_, 1);
  EXPECT_EQ(Output(job.job_id()), "Hello, wor");
}

TEST_F(JobOrdersTest, AJobWhoseRetryWaitsIsCancelledOrPausedAndTheRetryNeverComes) {
  std::set<JobState> states;
  for (const bool cancel : {true, false}) {
    const v1::LeasedJob job = Running();
    ASSERT_TRUE(Finish(job, v1::OUTCOME_PASSING, "STREAM_ERROR").ok());
    ASSERT_TRUE(Get(job.job_id())->has_retry_time());
    absl::StatusOr<v1::Job> stopped = cancel ? Cancel(job.job_id()) : Pause(job.job_id());
    ASSERT_TRUE(stopped.ok()) << stopped.status();
    EXPECT_FALSE(stopped->has_retry_time());
    EXPECT_EQ(Output(job.job_id()), "Hello, ");
    states.insert(stopped->state());
  }
  EXPECT_EQ(states.size(), 2u);
  clock_.Advance(absl::Minutes(5));
  reconciler_.Run();
  EXPECT_EQ(Lease()->jobs_size(), 0);
}

// A replica has popped it, and has not leased it yet.
TEST_F(JobOrdersTest, AJobThatIsPausedWhileItIsBeingLeasedIsNotLeased) {
  const std::string id = Submitted();
  absl::StatusOr<std::vector<PoppedJob>> popped = queue_.Pop({{"m", 1, true}}, 1);
  ASSERT_EQ(popped->size(), 1u);
  ASSERT_TRUE(Pause(id).ok());
  v1::Worker worker;
  worker.set_instance("w_1");
  absl::StatusOr<LeaseResult> result =
      store_.Lease({.worker = worker, .model = "m", .candidates = {{.job_id = id}}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->leased.empty());
  EXPECT_TRUE(result->put_back.empty());
  ASSERT_TRUE(queue_.Confirm({id}).ok());
  ASSERT_TRUE(Resume(id).ok());
  EXPECT_EQ(PositionOf(id), 1u);
  EXPECT_EQ(Lease()->jobs_size(), 1);
}

TEST_F(JobOrdersTest, WithoutTheQueueAResumedJobIsFoundByTheReconciler) {
  const std::string id = Submitted();
  ASSERT_TRUE(Pause(id).ok());
  queue_.SetDown(true);
  ASSERT_TRUE(Resume(id).ok());
  queue_.SetDown(false);
  reconciler_.Run();
  EXPECT_EQ(Lease()->jobs_size(), 1);
}

TEST_F(JobOrdersTest, OrdersInTheWrongStateNameStateAndAction) {
  const std::string completed = Ended(v1::OUTCOME_COMPLETED);
  const std::string failed = Ended(v1::OUTCOME_PERMANENT);
  const std::string waiting = Submitted();
  const struct {
    absl::Status status;
    const char* action;
    const char* state;
  } cases[] = {
      {Cancel(completed).status(), "CancelJob", "completed"},
      {Pause(completed).status(), "PauseJob", "completed"},
      {Resume(completed).status(), "ResumeJob", "completed"},
      {Retry(completed).status(), "RetryJob", "completed"},
      {SetPriority(completed, v1::PRIORITY_LOW).status(), "UpdateJob", "completed"},
      {Cancel(failed).status(), "CancelJob", "failed"},
      {Pause(failed).status(), "PauseJob", "failed"},
      {Resume(failed).status(), "ResumeJob", "failed"},
      {Retry(waiting).status(), "RetryJob", "queued"},
      {Delete(waiting), "DeleteJob", "queued"},
  };
  for (const auto& [status, action, state] : cases) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << action << state;
    EXPECT_EQ(ReasonOf(status), "WRONG_STATE");
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(action), HasSubstr(state)));
  }
}

// ---- Retry.

TEST_F(JobOrdersTest, RetryOfAFailedJobIsANewJobWithTheSameSpec) {
  v1::SubmitJobRequest request = Request("Say hi");
  request.mutable_spec()->set_priority(v1::PRIORITY_HIGH);
  request.mutable_spec()->mutable_options()->set_seed(7);
  request.set_request_id("click");
  const std::string first = Submit(request)->job_id();
  const v1::LeasedJob lease = Lease()->jobs(0);
  ASSERT_TRUE(Append(lease, "Hello").ok());
  ASSERT_TRUE(Finish(lease, v1::OUTCOME_PERMANENT, "BAD_MODEL").ok());

  absl::StatusOr<v1::Job> retry = Retry(first);
  ASSERT_TRUE(retry.ok()) << retry.status();
  EXPECT_NE(retry->job_id(), first);
  EXPECT_EQ(retry->state(), v1::Job::STATE_QUEUED);
  EXPECT_EQ(retry->retry_of(), first);
  EXPECT_EQ(retry->request_id(), "");
  EXPECT_EQ(retry->failures(), 0u);
  EXPECT_EQ(retry->spec().SerializeAsString(), Get(first)->spec().SerializeAsString());
  EXPECT_EQ(Get(first)->retried_as(), retry->job_id());
  EXPECT_EQ(Get(first)->state(), v1::Job::STATE_FAILED);
  EXPECT_EQ(State(first)->progress().retried_as(), retry->job_id());
  // It starts over, and the first keeps its text.
  EXPECT_EQ(Lease()->jobs(0).job_id(), retry->job_id());
  EXPECT_EQ(Output(retry->job_id()), "");
  EXPECT_EQ(Output(first), "Hello");
}

TEST_F(JobOrdersTest, ASecondRetryAnswersTheFirstsWhateverBecameOfIt) {
  const std::string failed = Ended(v1::OUTCOME_PERMANENT);
  const std::string retry = Retry(failed)->job_id();
  EXPECT_EQ(Retry(failed)->job_id(), retry);
  ASSERT_TRUE(Finish(Lease()->jobs(0), v1::OUTCOME_COMPLETED).ok());
  absl::StatusOr<v1::Job> again = Retry(failed);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->job_id(), retry);
  EXPECT_EQ(again->state(), v1::Job::STATE_COMPLETED);
}

TEST_F(JobOrdersTest, ManyRetriesAtOnceMakeOneJob) {
  const std::string failed = Ended(v1::OUTCOME_PERMANENT);
  Mutex mutex;
  std::set<std::string> retries;
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      absl::StatusOr<v1::Job> retry = Retry(failed);
      ASSERT_TRUE(retry.ok()) << retry.status();
      MutexLock lock(mutex);
      retries.insert(retry->job_id());
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(retries.size(), 1u);
  EXPECT_EQ(queue_.Peek("m", 0, 10)->size(), 1u);
}

TEST_F(JobOrdersTest, CancelledAndExpiredJobsAndRetriesAreRetriedToo) {
  const std::string cancelled = Submitted();
  ASSERT_TRUE(Cancel(cancelled).ok());
  const std::string second = Retry(cancelled)->job_id();
  ASSERT_TRUE(Cancel(second).ok());
  absl::StatusOr<v1::Job> third = Retry(second);
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(third->retry_of(), second);

  v1::SubmitJobRequest request = Request("soon");
  request.mutable_spec()->mutable_deadlines()->set_waiting_ms(1000);
  const std::string expired = Submit(request)->job_id();
  clock_.Advance(absl::Seconds(2));
  reconciler_.Run();
  ASSERT_EQ(Get(expired)->state(), v1::Job::STATE_EXPIRED);
  absl::StatusOr<v1::Job> retry = Retry(expired);
  ASSERT_TRUE(retry.ok()) << retry.status();
  // It waits as long as the first one did. Deadlines are looked at by every other run.
  clock_.Advance(absl::Seconds(2));
  reconciler_.Run();
  reconciler_.Run();
  EXPECT_EQ(Get(retry->job_id())->state(), v1::Job::STATE_EXPIRED);
}

TEST_F(JobOrdersTest, ARetryForAModelThatIsGoneIsRefused) {
  const std::string failed = Ended(v1::OUTCOME_PERMANENT);
  v1::ModelReport report;
  report.mutable_server()->set_url("http://models");
  report.mutable_server()->set_reachable(true);
  report.add_models()->set_name("other");
  models_.Update(report);
  EXPECT_EQ(ReasonOf(Retry(failed).status()), "MODEL_NOT_FOUND");
}

// A remix was pushed into the queue without a row: popped, "not found", dropped.
TEST_F(JobOrdersTest, SeedDefect4AJobMadeFromAnotherIsStoredAndServed) {
  const std::string failed = Ended(v1::OUTCOME_PERMANENT);
  queue_.SetDown(true);
  const std::string retry = Retry(failed)->job_id();
  EXPECT_EQ(Get(retry)->state(), v1::Job::STATE_QUEUED);
  queue_.SetDown(false);
  reconciler_.Run();
  absl::StatusOr<v1::LeaseJobsResponse> leased = Lease();
  ASSERT_EQ(leased->jobs_size(), 1);
  EXPECT_EQ(leased->jobs(0).job_id(), retry);
  ASSERT_TRUE(Finish(leased->jobs(0), v1::OUTCOME_COMPLETED).ok());
  EXPECT_EQ(Get(retry)->state(), v1::Job::STATE_COMPLETED);
}

// An id that was delivered twice started a completed job again.
TEST_F(JobOrdersTest, SeedDefect9AJobThatIsDeliveredTwiceRunsOnce) {
  const std::string id = Ended(v1::OUTCOME_COMPLETED);
  const uint32_t version = Get(id)->version();
  ASSERT_EQ(*queue_.Enqueue({{.job_id = id, .order = 1, .model = "m", .owner_id = "ann"}}, false),
            1u);
  EXPECT_EQ(Lease()->jobs_size(), 0);
  EXPECT_EQ(Get(id)->state(), v1::Job::STATE_COMPLETED);
  EXPECT_EQ(Get(id)->version(), version);
  EXPECT_EQ(Output(id), "Hello, ");
  // Nor does it stay behind.
  EXPECT_TRUE(queue_.Peek("m", 0, 10)->empty());
  clock_.Advance(absl::Seconds(6));
  EXPECT_EQ(*queue_.PutBackStale(), 0u);

  // While it runs, neither.
  const v1::LeasedJob running = Running();
  ASSERT_EQ(*queue_.Enqueue(
                {{.job_id = running.job_id(), .order = 2, .model = "m", .owner_id = "ann"}}, false),
            1u);
  EXPECT_EQ(Lease(0, "w_2")->jobs_size(), 0);
  EXPECT_EQ(Get(running.job_id())->version(), running.version());
}

// ---- Priority.

TEST_F(JobOrdersTest, AJobThatIsMadeUrgentGoesAhead) {
  const std::string first = Submit("first")->job_id();
  const std::string second = Submit("second", "bob")->job_id();
  absl::StatusOr<v1::Job> job = SetPriority(second, v1::PRIORITY_HIGH, "bob");
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->spec().priority(), v1::PRIORITY_HIGH);
  EXPECT_EQ(job->version(), 1u);
  EXPECT_EQ(PositionOf(second), 1u);
  EXPECT_EQ(PositionOf(first), 2u);
  EXPECT_EQ(State(second)->progress().priority(), v1::PRIORITY_HIGH);
  EXPECT_EQ(Lease()->jobs(0).job_id(), second);
}

TEST_F(JobOrdersTest, AJobThatIsMadePatientLetsOthersPass) {
  const std::string first = Submit("first")->job_id();
  const std::string second = Submit("second", "bob")->job_id();
  ASSERT_TRUE(SetPriority(first, v1::PRIORITY_LOW).ok());
  EXPECT_EQ(Lease()->jobs(0).job_id(), second);
}

TEST_F(JobOrdersTest, ThePriorityOfAPausedJobCountsWhenItComesBack) {
  const std::string id = Submitted();
  ASSERT_TRUE(Pause(id).ok());
  ASSERT_TRUE(SetPriority(id, v1::PRIORITY_HIGH).ok());
  EXPECT_EQ(PositionOf(id), 0u);
  const std::string other = Submit("other", "bob")->job_id();
  ASSERT_TRUE(Resume(id).ok());
  EXPECT_EQ(PositionOf(id), 1u);
  EXPECT_EQ(PositionOf(other), 2u);
}

TEST_F(JobOrdersTest, ThePriorityOfAJobWhoseRetryWaitsDoesNotHurryIt) {
  const v1::LeasedJob job = Running();
  ASSERT_TRUE(Finish(job, v1::OUTCOME_PASSING, "STREAM_ERROR").ok());
  ASSERT_TRUE(SetPriority(job.job_id(), v1::PRIORITY_HIGH).ok());
  EXPECT_EQ(Lease()->jobs_size(), 0);
  clock_.Advance(absl::Minutes(2));
  reconciler_.Run();
  EXPECT_EQ(Lease()->jobs(0).spec().priority(), v1::PRIORITY_HIGH);
}

TEST_F(JobOrdersTest, NoPriorityIsNoOrder) {
  const std::string id = Submitted();
  for (const int priority : {0, 9}) {
    const absl::Status status = SetPriority(id, static_cast<v1::Priority>(priority)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(status), "BAD_PRIORITY");
  }
}

// ---- Delete.

TEST_F(JobOrdersTest, ADeletedJobIsLikeOneThatNeverWas) {
  const std::string id = Ended(v1::OUTCOME_COMPLETED);
  ASSERT_TRUE(Delete(id).ok());
  for (const absl::Status& status :
       {Get(id).status(), Cancel(id).status(), Delete(id), Retry(id).status()}) {
    EXPECT_EQ(status, JobNotFound(id));
  }
  EXPECT_TRUE(State(id)->not_found());
}

TEST_F(JobOrdersTest, ADeletedRetryMakesRoomForAnother) {
  const std::string failed = Ended(v1::OUTCOME_PERMANENT);
  const std::string retry = Retry(failed)->job_id();
  ASSERT_TRUE(Cancel(retry).ok());
  ASSERT_TRUE(Delete(retry).ok());
  EXPECT_EQ(Get(failed)->retried_as(), "");
  absl::StatusOr<v1::Job> another = Retry(failed);
  ASSERT_TRUE(another.ok()) << another.status();
  EXPECT_NE(another->job_id(), retry);
  ASSERT_TRUE(Delete(failed).ok());
  EXPECT_EQ(Get(another->job_id())->retry_of(), failed);
}

// ---- What a job tells of its attempts.

TEST_F(JobOrdersTest, TheFullViewTellsOfAllAttempts) {
  const v1::LeasedJob first = Running();
  EXPECT_EQ(Get(first.job_id())->attempts_size(), 1);
  EXPECT_EQ(Get(first.job_id())->resume_mode(), v1::RESUME_MODE_UNSPECIFIED);
  ASSERT_TRUE(Finish(first, v1::OUTCOME_PASSING, "STREAM_ERROR").ok());
  clock_.Advance(absl::Minutes(2));
  reconciler_.Run();
  ASSERT_EQ(Lease()->jobs_size(), 1);
  SetStopped({});
  ASSERT_TRUE(Pause(first.job_id()).ok());
  absl::StatusOr<v1::Job> job = Get(first.job_id());
  ASSERT_EQ(job->attempts_size(), 2);
  EXPECT_EQ(job->attempts(0).attempt(), 1u);
  EXPECT_EQ(job->attempts(0).version(), first.version());
  EXPECT_EQ(job->attempts(0).instance(), "w_1");
  EXPECT_EQ(job->attempts(0).server_url(), "http://models");
  EXPECT_EQ(job->attempts(0).outcome(), "passing");
  EXPECT_EQ(job->attempts(0).reason(), "STREAM_ERROR");
  EXPECT_TRUE(job->attempts(0).has_lease_time());
  EXPECT_TRUE(job->attempts(0).has_end_time());
  EXPECT_EQ(job->attempts(1).outcome(), "paused");
  EXPECT_NE(job->resume_mode(), v1::RESUME_MODE_UNSPECIFIED);

  v1::GetJobRequest request;
  request.set_job_id(first.job_id());
  request.set_view(v1::JOB_VIEW_BASIC);
  v1::GetJobResponse basic;
  auto context = TestContext("ann");
  ASSERT_TRUE(jobs_->GetJob(context.get(), request, &basic).ok());
  EXPECT_EQ(basic.job().attempts_size(), 0);
}

}  // namespace
}  // namespace genwatch
