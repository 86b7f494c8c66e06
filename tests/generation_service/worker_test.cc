#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status.h"
#include "tests/generation_service/worker_fixture.h"

namespace genwatch {
namespace {

using testing::HasSubstr;

Failure Refused() {
  Failure failure;
  failure.kind = Failure::Kind::kTransport;
  failure.transport = Failure::Transport::kConnect;
  return failure;
}

ModelServerLook Nobody() {
  ModelServerLook look;
  look.reachable = absl::UnavailableError("connection refused");
  return look;
}

TEST_F(WorkerTest, JobIsRunToItsEnd) {
  Start();
  v1::LeasedJob job = Job("job_1");
  job.mutable_spec()->mutable_deadlines()->set_silence_ms(7'000);
  const size_t index = StartJob(job);
  EXPECT_EQ(models_.request(index).spec.prompt(), "hi");
  EXPECT_EQ(models_.request(index).silence_timeout, absl::Seconds(7));
  EXPECT_EQ(models_.request(index).running_timeout, absl::Minutes(60));
  models_.Say(index, AnswerStarted());
  models_.SayText(index, "", "hm ");
  models_.SayText(index, "Hello ");
  models_.SayText(index, "world");
  models_.SayDone(index, 4);
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
  const FakeLedger::Finished finished = ledger_->finished()[0];
  EXPECT_EQ(finished.request.outcome(), v1::OUTCOME_COMPLETED);
  EXPECT_EQ(finished.request.instance(), options_.instance);
  EXPECT_EQ(finished.request.version(), 2u);
  EXPECT_EQ(finished.request.reason(), "");
  EXPECT_EQ(finished.answer, "Hello world");
  EXPECT_EQ(finished.thinking, "hm ");
  EXPECT_EQ(finished.request.numbers().completion_tokens(), 4u);
  EXPECT_EQ(finished.request.numbers().total_tokens(), 9u);
  EXPECT_EQ(finished.request.numbers().answer_bytes(), 11u);
  EXPECT_EQ(finished.request.numbers().done_reason(), "stop");
  EXPECT_EQ(finished.request.facts().answer_chunks(), 2u);
  EXPECT_TRUE(AwaitListed("job_1", false));
}

TEST_F(WorkerTest, ModelThatIsNotKnownToBeLoadedIsLoadedFirstAndTheOthersFindItSo) {
  Start();
  const size_t first = StartJob(Job("job_1"));
  EXPECT_TRUE(models_.request(first).preload);
  models_.Say(first, ModelLoaded());
  models_.Say(first, AnswerStarted());
  models_.SayText(first, "Hello");
  models_.SayDone(first, 1);
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
  const v1::AttemptFacts facts = ledger_->finished()[0].request.facts();
  ASSERT_GE(facts.phases_size(), 3);
  EXPECT_EQ(facts.phases(0).phase(), v1::PHASE_LOADING);
  EXPECT_EQ(facts.phases(1).phase(), v1::PHASE_PROMPT);

  const size_t second = StartJob(Job("job_2"));
  EXPECT_FALSE(models_.request(second).preload);
  models_.Say(second, AnswerStarted());
  models_.SayDone(second, 1);
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 2; }));
  EXPECT_EQ(ledger_->finished()[1].request.facts().phases(0).phase(), v1::PHASE_PROMPT);
}

TEST_F(WorkerTest, TextIsStoredWhileTheJobRuns) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  models_.SayText(index, "first ");
  EXPECT_TRUE(Await([&] { return ledger_->kept_answer("job_1") == "first "; }));
  models_.SayText(index, "second");
  EXPECT_TRUE(Await([&] { return ledger_->kept_answer("job_1") == "first second"; }));
}

TEST_F(WorkerTest, LostAnswerOfAnAppendNeitherLosesNorRepeatsText) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  ledger_->LoseNextAppendAnswer();
  models_.SayText(index, "one ");
  EXPECT_TRUE(Await([&] { return ledger_->append_calls() >= 1; }));
  models_.SayText(index, "two");
  EXPECT_TRUE(Await([&] { return ledger_->kept_answer("job_1") == "one two"; }));
  models_.SayDone(index, 2);
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
  EXPECT_EQ(ledger_->finished()[0].answer, "one two");
}

TEST_F(WorkerTest, HeartbeatsAreNumberedAndListTheJobs) {
  Start();
  StartJob(Job("job_1"));
  EXPECT_TRUE(AwaitListed("job_1", true));
  const auto heartbeats = ledger_->heartbeats();
  std::set<uint32_t> numbers;
  for (const v1::HeartbeatRequest& heartbeat : heartbeats) {
    // On a slow machine one may get lost, or overtaken by the next; none comes twice.
    EXPECT_TRUE(numbers.insert(heartbeat.number()).second) << heartbeat.number();
    EXPECT_EQ(heartbeat.worker().instance(), options_.instance);
    EXPECT_EQ(heartbeat.worker().address(), server_->address());
    EXPECT_EQ(heartbeat.worker().server_url(), "http://fake:11434");
  }
}

TEST_F(WorkerTest, HeartbeatsGoOnWhateverTheirAnswer) {
  Start();
  ledger_->FailHeartbeats(absl::InternalError("down"));
  const uint32_t before = ledger_->last_heartbeat();
  EXPECT_TRUE(Await([&] { return ledger_->last_heartbeat() > before + 5; }));
}

TEST_F(WorkerTest, ModelsAreReportedOnceUntilTheyChange) {
  Start();
  EXPECT_TRUE(Await([&] { return ledger_->last_heartbeat() > 8; }));
  int reports = 0;
  for (const v1::HeartbeatRequest& heartbeat : ledger_->heartbeats()) {
    reports += heartbeat.has_models() ? 1 : 0;
  }
  EXPECT_EQ(reports, 1);
  ModelServerLook look = Answers();
  look.models->pop_back();
  models_.SetLook(look);
  EXPECT_TRUE(Await([&] {
    const v1::HeartbeatRequest last = ledger_->heartbeats().back();
    return last.has_models() && last.models().models_size() == 1;
  }));
}

TEST_F(WorkerTest, OnlyAsManyJobsRunAsTheModelServerTakes) {
  options_.max_concurrent = 2;
  Start();
  for (int i = 0; i < 5; ++i) ledger_->Submit(Job(absl::StrCat("job_", i)));
  ledger_->Submit(Job("job_n", "n"));
  ASSERT_TRUE(Await([&] { return models_.started() == 3; }));
  EXPECT_TRUE(AwaitListed("job_n", true));
  EXPECT_EQ(models_.started(), 3u);
  models_.SayDone(0, 1);
  EXPECT_TRUE(Await([&] { return models_.started() == 4; }));
}

TEST_F(WorkerTest, SlotThatBecomesFreeIsOfferedWhileAnotherPollWaits) {
  options_.lease_wait = absl::Seconds(30);
  Start();
  const size_t first = StartJob(Job("job_1"));
  ASSERT_TRUE(Await([&] { return ledger_->waiting_polls() == 1; }));  // for the model "n"
  models_.SayDone(first, 1);
  StartJob(Job("job_2"));
}

TEST_F(WorkerTest, SlotsOfferedAtOnceNeverExceedTheLimit) {
  options_.max_concurrent = 3;
  Start();
  for (int i = 0; i < 12; ++i) {
    const size_t index = StartJob(Job(absl::StrCat("job_", i)));
    models_.SayDone(index, 1);
  }
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 12; }));
  for (const v1::LeaseJobsRequest& request : ledger_->lease_requests()) {
    for (const v1::ModelSlots& slots : request.models()) {
      EXPECT_EQ(slots.limit(), 3u);
      EXPECT_LE(slots.free(), 3u);
    }
  }
}

TEST_F(WorkerTest, ResultWaitsForTheLedger) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  ledger_->FailFinishes(absl::UnavailableError("no database"));
  ledger_->FailAppends(absl::UnavailableError("no database"));
  models_.SayText(index, "precious");
  models_.SayDone(index, 1);
  EXPECT_TRUE(Await([&] { return ledger_->finish_calls() >= 3; }));
  EXPECT_TRUE(AwaitListed("job_1", true));
  // It holds no slot of the model server meanwhile.
  StartJob(Job("job_2"));
  ledger_->FailFinishes(absl::OkStatus());
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
  EXPECT_EQ(ledger_->finished()[0].answer, "precious");
  EXPECT_TRUE(AwaitListed("job_1", false));
}

TEST_F(WorkerTest, ResultThatWasInAnothersWayIsSentAgain) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  ledger_->FailFinishes(Error(absl::StatusCode::kAborted, "LEDGER_CONFLICT", "a deadlock"));
  models_.SayText(index, "precious");
  models_.SayDone(index, 1);
  EXPECT_TRUE(Await([&] { return ledger_->finish_calls() >= 2; }));
  ledger_->FailFinishes(absl::OkStatus());
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
  EXPECT_EQ(ledger_->finished()[0].answer, "precious");
}

TEST_F(WorkerTest, ResultSurvivesARestartOfTheJobService) {
  UseAPortThatStaysOurs();
  Start();
  const size_t index = StartJob(Job("job_1"));
  models_.SayText(index, "precious");
  const int port = ledger_->port();
  ledger_.reset();
  models_.SayDone(index, 1);
  loop_.RunSync([] {});
  ledger_ = std::make_unique<FakeLedger>(port);
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
  EXPECT_EQ(ledger_->finished()[0].request.outcome(), v1::OUTCOME_COMPLETED);
}

TEST_F(WorkerTest, ResultsThatWaitAreBounded) {
  options_.max_jobs = 3;
  Start();
  ledger_->FailFinishes(absl::UnavailableError("no database"));
  for (int i = 0; i < 3; ++i) models_.SayDone(StartJob(Job(absl::StrCat("job_", i))), 1);
  ledger_->Submit(Job("job_3"));
  EXPECT_TRUE(AwaitListed("job_2", true));
  EXPECT_EQ(models_.started(), 3u);
  ledger_->FailFinishes(absl::OkStatus());
  EXPECT_TRUE(Await([&] { return models_.started() == 4; }));
}

// The polls that wait have all the room, and none of them is for this model.
TEST_F(WorkerTest, ModelThatNoPollIsForDoesNotWaitForTheirEnd) {
  options_.max_jobs = 2;
  options_.max_concurrent = 2;
  options_.lease_wait = absl::Hours(1);
  Start();
  const size_t first = StartJob(Job("job_1", "m"));
  ASSERT_TRUE(Await([&] { return ledger_->waiting_polls() == 1; }));
  models_.SayDone(first, 1);
  ASSERT_TRUE(Await([&] { return ledger_->waiting_polls() == 2; }));
  StartJob(Job("job_2", "n"));
  ledger_->Submit(Job("job_3", "n"));
  EXPECT_TRUE(Await([&] { return models_.started() == 3; }));
}

TEST_F(WorkerTest, ResultThatIsRefusedBecomesAFailure) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  models_.SayText(index, "text");
  EXPECT_TRUE(Await([&] { return ledger_->kept_answer("job_1") == "text"; }));
  ledger_->FailFinishes(absl::InvalidArgumentError("a gap"));
  models_.SayDone(index, 1);
  EXPECT_TRUE(AwaitListed("job_1", false));
  EXPECT_EQ(ledger_->finish_calls(), 2);
}

TEST_F(WorkerTest, LostLeaseStopsTheJob) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  ledger_->LoseLease("job_1");
  models_.SayText(index, "x");
  EXPECT_TRUE(Await([&] { return models_.closed(index); }));
  // It is listed until a heartbeat says so.
  EXPECT_TRUE(AwaitListed("job_1", true));
  ledger_->StopByHeartbeat("job_1", v1::STOP_REASON_LEASE_LOST);
  EXPECT_TRUE(AwaitListed("job_1", false));
  EXPECT_EQ(ledger_->finish_calls(), 0);
}

TEST_F(WorkerTest, ResultOfALostLeaseIsDropped) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  ledger_->LoseLease("job_1");
  models_.SayDone(index, 1);
  EXPECT_TRUE(AwaitListed("job_1", false));
  EXPECT_EQ(ledger_->finish_calls(), 1);
}

TEST_F(WorkerTest, HeartbeatStopsAJob) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  ledger_->StopByHeartbeat("job_1", v1::STOP_REASON_CANCELLED);
  EXPECT_TRUE(Await([&] { return models_.closed(index); }));
  EXPECT_TRUE(AwaitListed("job_1", false));
  EXPECT_EQ(ledger_->finish_calls(), 0);
}

TEST_F(WorkerTest, StopGenerationClosesAndAnswersWhatIsNotKept) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  models_.SayText(index, "kept ");
  ASSERT_TRUE(Await([&] { return ledger_->kept_answer("job_1") == "kept "; }));
  ledger_->FailAppends(absl::UnavailableError("no database"));
  models_.SayText(index, "tail", "thought");
  const v1::StopGenerationResponse response = StopGeneration("job_1");
  EXPECT_TRUE(models_.closed(index));
  EXPECT_TRUE(response.stopped());
  const std::string tail = Join(response.pieces(), v1::CHANNEL_ANSWER);
  EXPECT_TRUE(tail == "tail" || tail == "kept tail") << tail;
  EXPECT_EQ(Join(response.pieces(), v1::CHANNEL_THINKING), "thought");
  EXPECT_EQ(response.numbers().answer_bytes(), 9u);
  EXPECT_EQ(response.facts().answer_chunks(), 2u);
  // Asked again, it answers the same.
  EXPECT_TRUE(StopGeneration("job_1").stopped());
  // The cancel is stored: a heartbeat says so, and the job leaves without a word.
  ledger_->StopByHeartbeat("job_1", v1::STOP_REASON_CANCELLED);
  EXPECT_TRUE(AwaitListed("job_1", false));
  EXPECT_EQ(ledger_->finish_calls(), 0);
  EXPECT_FALSE(StopGeneration("job_1").stopped());
}

TEST_F(WorkerTest, StopGenerationOfAnotherLeaseIsRefused) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  EXPECT_FALSE(StopGeneration("job_1", /*version=*/1).stopped());
  EXPECT_FALSE(StopGeneration("job_2").stopped());
  EXPECT_FALSE(models_.closed(index));
}

TEST_F(WorkerTest, StopFreesTheSlotOfTheModel) {
  Start();
  StartJob(Job("job_1"));
  StopGeneration("job_1");
  StartJob(Job("job_2"));
}

TEST_F(WorkerTest, StoppedJobThatStaysOursIsHandedOver) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  models_.SayText(index, "so far");
  EXPECT_TRUE(StopGeneration("job_1").stopped());
  // The change of state that followed failed: heartbeats still call it ours.
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
  EXPECT_EQ(ledger_->finished()[0].request.outcome(), v1::OUTCOME_HANDED_OVER);
  EXPECT_EQ(ledger_->finished()[0].request.reason(), "STOP_NOT_STORED");
  EXPECT_EQ(ledger_->finished()[0].answer, "so far");
  EXPECT_TRUE(AwaitListed("job_1", false));
}

TEST_F(WorkerTest, FailureOfTheModelServerIsClassified) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  models_.SayText(index, "a part");
  Failure failure;
  failure.kind = Failure::Kind::kIncomplete;
  models_.Say(index, failure);
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
  const FakeLedger::Finished finished = ledger_->finished()[0];
  EXPECT_EQ(finished.request.outcome(), v1::OUTCOME_PASSING);
  EXPECT_EQ(finished.request.reason(), "STREAM_INCOMPLETE");
  EXPECT_THAT(finished.request.error_message(), HasSubstr("text so far is kept"));
  EXPECT_EQ(finished.answer, "a part");
}

Failure NoFirstByte() {
  Failure failure;
  failure.kind = Failure::Kind::kFirstByteTimeout;
  failure.limit = absl::Seconds(9);
  return failure;
}

TEST_F(WorkerTest, ModelThatIsSilentAfterAnAnswerWasBrokenOffIsUnloaded) {
  Start();
  const size_t first = StartJob(Job("job_1"));
  models_.Say(first, AnswerStarted());
  StopGeneration("job_1");
  const size_t second = StartJob(Job("job_2"));
  models_.Say(second, NoFirstByte());
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
  EXPECT_EQ(ledger_->finished()[0].request.outcome(), v1::OUTCOME_PASSING);
  EXPECT_EQ(ledger_->finished()[0].request.reason(), "MODEL_SERVER_WEDGED");
  EXPECT_EQ(models_.unloaded(), std::vector<std::string>{"m"});
}

TEST_F(WorkerTest, SilenceOfAModelThatAnsweredSinceIsNoWedge) {
  Start();
  StartJob(Job("job_1"));
  StopGeneration("job_1");
  const size_t second = StartJob(Job("job_2"));
  models_.Say(second, AnswerStarted());
  models_.SayDone(second, 1);
  models_.Say(StartJob(Job("job_3")), NoFirstByte());
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 2; }));
  EXPECT_EQ(ledger_->finished()[1].request.reason(), "FIRST_BYTE_TIMEOUT");
  EXPECT_TRUE(models_.unloaded().empty());
}

TEST_F(WorkerTest, RetryAfterIsPassedOn) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  Failure failure;
  failure.kind = Failure::Kind::kStatus;
  failure.http_status = 429;
  failure.retry_after = absl::Seconds(9);
  models_.Say(index, failure);
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
  EXPECT_EQ(ledger_->finished()[0].request.reason(), "RATE_LIMITED");
  EXPECT_EQ(ledger_->finished()[0].request.retry_after_ms(), 9'000u);
}

TEST_F(WorkerTest, NoJobsAreTakenWhileTheModelServerIsUnreachable) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  models_.SetLook(Nobody());
  models_.Say(index, Refused());
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
  EXPECT_EQ(ledger_->finished()[0].request.outcome(), v1::OUTCOME_PASSING);
  EXPECT_EQ(ledger_->finished()[0].request.reason(), "MODEL_SERVER_UNREACHABLE");
  // The polls that waited are withdrawn, and the ledger is told why.
  EXPECT_TRUE(Await([&] { return ledger_->waiting_polls() == 0; }));
  EXPECT_TRUE(Await([&] {
    const v1::HeartbeatRequest last = ledger_->heartbeats().back();
    return last.has_models() && !last.models().server().reachable() &&
           last.models().server().has_next_look_time() && last.models().models_size() == 2;
  }));
  EXPECT_TRUE(Await([&] { return !ready_; }));
  ledger_->Submit(Job("job_2"));
  EXPECT_TRUE(AwaitListed("job_2", false));
  EXPECT_EQ(models_.started(), 1u);
  // It comes back by itself.
  models_.SetLook(Answers());
  EXPECT_TRUE(Await([&] { return models_.started() == 2; }));
  EXPECT_TRUE(Await([&] { return ready_.load(); }));
}

TEST_F(WorkerTest, WorkerWaitsForAModelServerThatIsNotThereYet) {
  models_.SetLook(Nobody());
  Run();
  EXPECT_TRUE(Await([&] { return models_.looks() > 2 && ledger_->last_heartbeat() > 1; }));
  EXPECT_TRUE(ledger_->lease_requests().empty());
  EXPECT_FALSE(ready_);
  models_.SetLook(Answers());
  StartJob(Job("job_1"));
  EXPECT_TRUE(Await([&] { return ready_.load(); }));
}

TEST_F(WorkerTest, WorkerWaitsForAJobServiceThatIsNotThereYet) {
  UseAPortThatStaysOurs();
  const int port = ledger_->port();
  const std::string address = ledger_->address();
  models_.SetLook(Answers());
  metrics_ = *Metrics::Start("127.0.0.1", Metrics::kNoListener, "test");
  ledger_client_ = std::make_unique<JobLeaseClient>(&loop_, address);
  ledger_.reset();
  worker_ = std::make_unique<Worker>(Worker::Parts{.loop = &loop_,
                                                   .ledger = ledger_client_.get(),
                                                   .models = &models_,
                                                   .feed = &feed_,
                                                   .metrics = metrics_.get()},
                                     options_, [this](bool ready) { ready_ = ready; });
  worker_->Start("127.0.0.1:1");
  EXPECT_TRUE(Await([&] { return models_.looks() > 2; }));
  EXPECT_FALSE(ready_);
  ledger_ = std::make_unique<FakeLedger>(port);
  StartJob(Job("job_1"));
  EXPECT_TRUE(Await([&] { return ready_.load(); }));
}

TEST_F(WorkerTest, SuspectedJobRunsAlone) {
  options_.max_concurrent = 4;
  Start();
  v1::LeasedJob suspect = Job("job_1");
  suspect.set_alone(true);
  const size_t index = StartJob(suspect);
  EXPECT_TRUE(Await([&] { return ledger_->waiting_polls() == 0; }));
  ledger_->Submit(Job("job_2"));
  EXPECT_TRUE(AwaitListed("job_1", true));
  EXPECT_EQ(models_.started(), 1u);
  models_.SayDone(index, 1);
  EXPECT_TRUE(Await([&] { return models_.started() == 2; }));
  // Only a worker with nothing in hand says that it is idle.
  EXPECT_TRUE(ledger_->lease_requests().front().idle());
}

TEST_F(WorkerTest, WorkerEmptiesItselfForAJobThatMustRunAlone) {
  options_.max_concurrent = 4;
  Start();
  const size_t first = StartJob(Job("job_1"));
  ledger_->MakeRoom(true);
  ASSERT_TRUE(Await([&] { return ledger_->waiting_polls() == 0; }));
  ledger_->Submit(Job("job_2"));
  EXPECT_TRUE(AwaitListed("job_1", true));
  EXPECT_EQ(models_.started(), 1u);
  const size_t polls_before = ledger_->lease_requests().size();
  models_.SayDone(first, 1);
  ASSERT_TRUE(Await([&] { return ledger_->lease_requests().size() > polls_before; }));
  EXPECT_TRUE(ledger_->lease_requests()[polls_before].idle());
  EXPECT_TRUE(ledger_->lease_requests()[polls_before].continues());
}

TEST_F(WorkerTest, WorkerTakesJobsAgainWhenNoRoomIsAskedForAnyMore) {
  options_.max_concurrent = 4;
  Start();
  StartJob(Job("job_1"));
  ledger_->MakeRoom(true);
  ASSERT_TRUE(Await([&] { return ledger_->waiting_polls() == 0; }));
  ledger_->MakeRoom(false);
  StartJob(Job("job_2"));
}

TEST_F(WorkerTest, OutputOverTheLimitCompletesTheJob) {
  Start();
  v1::LeasedJob job = Job("job_1");
  job.set_max_output_bytes(8);
  const size_t index = StartJob(job);
  models_.SayText(index, "12345");
  models_.SayText(index, "6789");
  EXPECT_TRUE(Await([&] { return models_.closed(index); }));
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
  EXPECT_EQ(ledger_->finished()[0].request.outcome(), v1::OUTCOME_COMPLETED);
  EXPECT_EQ(ledger_->finished()[0].request.numbers().done_reason(), "output_limit");
  EXPECT_EQ(ledger_->finished()[0].answer, "12345678");
}

TEST_F(WorkerTest, KeptTextIsIgnoredWhenTheBaseIsZero) {
  Start();
  v1::LeasedJob job = Job("job_1");
  job.set_answer("kept");
  const size_t index = StartJob(job);
  models_.SayText(index, "new");
  models_.SayDone(index, 1);
  ASSERT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
  EXPECT_EQ(ledger_->finished()[0].answer, "new");
}

TEST_F(WorkerTest, DrainLetsJobsFinish) {
  options_.drain = absl::Seconds(60);
  Start();
  const size_t index = StartJob(Job("job_1"));
  models_.SayText(index, "almost");
  std::thread drainer([&] { worker_->Drain(); });
  EXPECT_TRUE(Await([&] { return ledger_->heartbeats().back().draining(); }));
  EXPECT_FALSE(ready_);
  EXPECT_TRUE(Await([&] { return ledger_->waiting_polls() == 0; }));
  ledger_->Submit(Job("job_2"));
  EXPECT_TRUE(AwaitListed("job_1", true));
  models_.SayDone(index, 1);
  drainer.join();
  ASSERT_EQ(ledger_->finished().size(), 1u);
  EXPECT_EQ(ledger_->finished()[0].request.outcome(), v1::OUTCOME_COMPLETED);
  EXPECT_EQ(models_.started(), 1u);
}

TEST_F(WorkerTest, DrainHandsOverWhatDoesNotFinish) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  models_.SayText(index, "so far");
  worker_->Drain();
  EXPECT_TRUE(models_.closed(index));
  ASSERT_EQ(ledger_->finished().size(), 1u);
  EXPECT_EQ(ledger_->finished()[0].request.outcome(), v1::OUTCOME_HANDED_OVER);
  EXPECT_EQ(ledger_->finished()[0].request.reason(), "WORKER_DRAINING");
  EXPECT_EQ(ledger_->finished()[0].answer, "so far");
}

TEST_F(WorkerTest, DrainWithoutALedgerEnds) {
  Start();
  StartJob(Job("job_1"));
  ledger_->FailFinishes(absl::UnavailableError("no database"));
  worker_->Drain();
  EXPECT_TRUE(ledger_->finished().empty());
}

TEST_F(WorkerTest, CapacityTellsWhatRuns) {
  options_.max_concurrent = 2;
  Start();
  StartJob(Job("job_1"));
  const v1::GetCapacityResponse capacity = GetCapacity();
  EXPECT_EQ(capacity.instance(), options_.instance);
  EXPECT_TRUE(capacity.server().reachable());
  EXPECT_EQ(capacity.server().version(), "0.24.0");
  ASSERT_EQ(capacity.running_size(), 1);
  EXPECT_EQ(capacity.running(0).job_id(), "job_1");
  ASSERT_EQ(capacity.models_size(), 2);
  EXPECT_EQ(capacity.models(0).model(), "m");
  EXPECT_EQ(capacity.models(0).limit(), 2u);
  EXPECT_EQ(capacity.models(0).free(), 1u);
  EXPECT_FALSE(capacity.draining());
}

TEST_F(WorkerTest, MetricsCountWithoutNamingJobs) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  models_.SayText(index, "x");
  EXPECT_THAT(metrics_->Scrape(), HasSubstr("genwatch_generation_jobs_running{model=\"m\"} 1"));
  models_.SayDone(index, 12);
  EXPECT_TRUE(AwaitListed("job_1", false));
  const std::string text = metrics_->Scrape();
  EXPECT_THAT(text, HasSubstr("genwatch_generation_jobs_running{model=\"m\"} 0"));
  EXPECT_THAT(text, HasSubstr("outcome=\"completed\""));
  EXPECT_THAT(text, HasSubstr("genwatch_generation_tokens_total{model=\"m\"} 12"));
  EXPECT_EQ(text.find("job_1"), std::string::npos);
}

}  // namespace
}  // namespace genwatch
