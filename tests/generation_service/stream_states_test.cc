#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/generation_service/feed_watcher.h"
#include "tests/generation_service/worker_fixture.h"

namespace genwatch {
namespace {

using StreamStatesTest = WorkerTest;

TEST_F(StreamStatesTest, SubscriberSeesAJobFromLeaseToEnd) {
  Start();
  FeedWatcher watcher(stub_.get());
  v1::LeasedJob lease = Job("job_1", "n");
  lease.mutable_history()->add_lengths(300);
  lease.mutable_history()->set_tokens_per_chunk(2);
  lease.mutable_spec()->mutable_options()->set_num_predict(64);
  const size_t index = StartJob(lease);
  FeedWatcher::Job& job = watcher.jobs["job_1"];
  ASSERT_TRUE(watcher.ReadUntil([&] { return job.states > 0; }));
  EXPECT_EQ(job.last.phase(), v1::PHASE_LOADING);
  EXPECT_EQ(job.fixed.model(), "n");
  EXPECT_EQ(job.fixed.num_predict(), 64);
  EXPECT_EQ(job.fixed.prompt_bytes(), 2u);
  EXPECT_EQ(job.fixed.history().lengths(0), 300u);
  EXPECT_TRUE(job.fixed.think());  // the model's default
  ASSERT_EQ(job.fixed.bases_size(), 1);

  models_.Say(index, AnswerStarted());
  models_.SayText(index, "", "Let me think");
  ASSERT_TRUE(watcher.ReadUntil([&] { return job.last.phase() == v1::PHASE_THINKING; }));
  EXPECT_EQ(job.last.tokens(), 2u);
  models_.SayText(index, "Yes");
  ASSERT_TRUE(watcher.ReadUntil([&] { return job.last.phase() == v1::PHASE_GENERATING; }));
  EXPECT_FALSE(job.last.tokens_exact());
  ledger_->FailFinishes(absl::UnavailableError("no database"));
  models_.SayDone(index, 7);
  ASSERT_TRUE(watcher.ReadUntil([&] { return job.last.phase() == v1::PHASE_FINALIZING; }));
  EXPECT_TRUE(job.last.tokens_exact());
  EXPECT_EQ(job.last.tokens(), 7u);
  EXPECT_EQ(job.last.done_reason(), "stop");
  EXPECT_FALSE(job.last.ended());  // not before it is stored
  ledger_->FailFinishes(absl::OkStatus());
  ASSERT_TRUE(watcher.ReadUntil([&] { return job.last.ended(); }));
  EXPECT_EQ(ledger_->finished().size(), 1u);
  ASSERT_TRUE(watcher.ReadUntil([&] { return watcher.roster.jobs().empty(); }));
  EXPECT_EQ(job.answer, "Yes");
  EXPECT_EQ(job.thinking, "Let me think");
  EXPECT_EQ(job.fixed_seen, 1);
}

TEST_F(StreamStatesTest, LateSubscriberGetsEverything) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  std::string text;
  for (int i = 0; i < 500; ++i) {
    const std::string piece = absl::StrCat(i, "\xC3\xA9 ");
    models_.SayText(index, piece);
    text += piece;
  }
  FeedWatcher late(stub_.get());
  ASSERT_TRUE(late.ReadUntil([&] { return late.jobs["job_1"].answer == text; }));
  EXPECT_LE(late.jobs["job_1"].states, 3);
  EXPECT_EQ(late.jobs["job_1"].last.answer_chunks(), 500u);
}

TEST_F(StreamStatesTest, SlowSubscriberGetsTheNewestNumbersAndTheWholeText) {
  Start();
  // Its own side takes little before it reads.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 4096);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  const auto slow_stub = v1::GenerationService::NewStub(
      grpc::CreateCustomChannel(server_->address(), grpc::InsecureChannelCredentials(), arguments));
  FeedWatcher slow(slow_stub.get());
  ASSERT_TRUE(slow.ReadOne());
  const size_t index = StartJob(Job("job_1"));
  std::string text;
  for (int i = 0; i < 3'000; ++i) {
    const std::string piece = absl::StrCat(i, ":", std::string(300, 'a' + i % 26), ";");
    models_.SayText(index, piece);
    text += piece;
  }
  ASSERT_TRUE(slow.ReadUntil([&] { return slow.jobs["job_1"].answer.size() == text.size(); }));
  EXPECT_EQ(slow.jobs["job_1"].answer, text);
  EXPECT_LT(slow.jobs["job_1"].states, 1'500);
  EXPECT_EQ(slow.jobs["job_1"].last.answer_chunks(), 3'000u);
}

TEST_F(StreamStatesTest, SubscriberThatComesBackGetsTheRest) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  models_.SayText(index, "0123456789");
  v1::StreamStatesRequest request;
  v1::KnownJob* known = request.add_known();
  known->set_job_id("job_1");
  known->set_version(2);
  known->set_answer_bytes(6);
  grpc::ClientContext context;
  const auto stream = stub_->StreamStates(&context, request);
  v1::StreamStatesResponse message;
  do {
    ASSERT_TRUE(stream->Read(&message));
  } while (message.states_size() == 0);
  EXPECT_EQ(message.states(0).pieces(0).offset(), 6u);
  EXPECT_EQ(message.states(0).pieces(0).text(), "6789");
  context.TryCancel();
  stream->Finish();
}

TEST_F(StreamStatesTest, RosterComesAtOnceAndAgain) {
  Start();
  StartJob(Job("job_1"));
  FeedWatcher watcher(stub_.get());
  ASSERT_TRUE(watcher.ReadUntil([&] { return watcher.rosters >= 3; }));
  EXPECT_EQ(watcher.roster.instance(), options_.instance);
  ASSERT_EQ(watcher.roster.jobs_size(), 1);
  EXPECT_EQ(watcher.roster.jobs(0).job_id(), "job_1");
  EXPECT_LT(watcher.roster.heartbeat_age_ms(), 2'000u);
}

TEST_F(StreamStatesTest, HeartbeatAgeGrowsWhileTheLedgerIsSilent) {
  Start();
  StartJob(Job("job_1"));
  ledger_->FailHeartbeats(absl::UnavailableError("no database"));
  FeedWatcher watcher(stub_.get());
  EXPECT_TRUE(watcher.ReadUntil([&] { return watcher.roster.heartbeat_age_ms() > 500; }));
}

TEST_F(StreamStatesTest, TimesGoOnWhileNothingComes) {
  Start();
  StartJob(Job("job_1"));
  FeedWatcher watcher(stub_.get());
  FeedWatcher::Job& job = watcher.jobs["job_1"];
  ASSERT_TRUE(watcher.ReadUntil([&] { return job.last.elapsed_ms() > 1'500; }));
  EXPECT_EQ(job.last.phase(), v1::PHASE_LOADING);
  EXPECT_GT(job.last.phases(0).duration_ms(), 1'500u);
}

TEST_F(StreamStatesTest, StoppedJobIsNoLongerInTheRoster) {
  Start();
  StartJob(Job("job_1"));
  FeedWatcher watcher(stub_.get());
  ASSERT_TRUE(watcher.ReadUntil([&] { return watcher.roster.jobs_size() == 1; }));
  StopGeneration("job_1");
  ASSERT_TRUE(watcher.ReadUntil([&] { return watcher.roster.jobs_size() == 0; }));
  EXPECT_TRUE(watcher.ReadUntil([&] { return watcher.jobs["job_1"].last.ended(); }));
}

TEST_F(StreamStatesTest, StreamEndsWhenTheWorkerHasDrained) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  FeedWatcher watcher(stub_.get());
  models_.SayText(index, "last words");
  std::thread drainer([&] {
    worker_->Drain();
    feed_.Shutdown();
  });
  while (watcher.ReadOne()) {
  }
  EXPECT_TRUE(watcher.Finish().ok());
  EXPECT_EQ(watcher.jobs["job_1"].answer, "last words");
  EXPECT_TRUE(watcher.jobs["job_1"].last.ended());
  drainer.join();
}

TEST_F(StreamStatesTest, ManySubscribersComeAndGoWhileJobsRun) {
  options_.max_concurrent = 4;
  Start();
  std::vector<size_t> indexes;
  for (int i = 0; i < 4; ++i) indexes.push_back(StartJob(Job(absl::StrCat("job_", i))));
  std::atomic<bool> over = false;
  std::vector<std::thread> watchers;
  for (int t = 0; t < 4; ++t) {
    watchers.emplace_back([&] {
      while (!over) {
        FeedWatcher watcher(stub_.get());
        for (int reads = 0; reads < 5; ++reads) watcher.ReadOne();
      }
    });
  }
  std::string text;
  for (int i = 0; i < 500; ++i) {
    for (const size_t index : indexes) models_.SayText(index, absl::StrCat(i, ";"));
    absl::StrAppend(&text, i, ";");
  }
  over = true;
  for (std::thread& watcher : watchers) watcher.join();
  FeedWatcher last(stub_.get());
  EXPECT_TRUE(last.ReadUntil([&] { return last.jobs["job_3"].answer == text; }));
}

// A worker whose process was stopped for longer than a lease.
class StandstillTest : public WorkerTest {
 protected:
  StandstillTest() { options_.lease = absl::Milliseconds(400); }
};

TEST_F(StandstillTest, NothingIsPublishedUntilAHeartbeatIsAnswered) {
  Start();
  const size_t index = StartJob(Job("job_1"));
  models_.SayText(index, "before");
  FeedWatcher watcher(stub_.get());
  ASSERT_TRUE(watcher.ReadUntil([&] { return watcher.jobs["job_1"].answer == "before"; }));
  ledger_->FailHeartbeats(absl::UnavailableError("cut off"));
  // Another has the lease meanwhile; what comes in the same round must not be told.
  loop_.RunSync([] { absl::SleepFor(absl::Milliseconds(600)); });
  models_.SayText(index, " after");
  const uint32_t heartbeat = ledger_->last_heartbeat();
  ASSERT_TRUE(Await([&] { return ledger_->last_heartbeat() > heartbeat + 3; }));
  FeedCursor cursor{v1::StreamStatesRequest()};
  v1::StreamStatesResponse message;
  EXPECT_EQ(feed_.Collect(cursor, 1 << 20, &message), StateFeed::Next::kNothing);
  ledger_->FailHeartbeats(absl::OkStatus());
  EXPECT_TRUE(watcher.ReadUntil([&] { return watcher.jobs["job_1"].answer == "before after"; }));
}

}  // namespace
}  // namespace genwatch
