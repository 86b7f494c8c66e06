#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/grpc_status.h"
#include "common/status.h"
#include "progress_service/cursor.h"
#include "progress_service/watch_plan.h"
#include "tests/progress_service/progress_fixture.h"
#include "tests/support/await.h"

namespace genwatch {
namespace {

using ::testing::IsEmpty;

std::string ReasonIn(const grpc::Status& status) { return ReasonOf(FromGrpcStatus(status)); }

class WatchProgressTest : public ProgressFixture {};

TEST_F(WatchProgressTest, ALiveWatchSeesEachTokenAndTheEnd) {
  Run(job_);
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitState(job_, v1::Job::STATE_PROCESSING));

  std::string text;
  for (int i = 0; i < 20; ++i) {
    const std::string token = absl::StrCat("tok", i, "\u00e4 ");
    Say(job_, token);
    text += token;
    ASSERT_TRUE(client->AwaitText(job_, text));
    EXPECT_EQ(client->view(job_).progress.numbers().current_tokens(), i + 1);
  }
  Complete(job_);

  const auto status = client->AwaitEnd();
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(status->ok()) << status->error_message();
  const WatchClient::View view = client->view(job_);
  EXPECT_TRUE(view.terminal);
  EXPECT_EQ(view.progress.state(), v1::Job::STATE_COMPLETED);
  EXPECT_EQ(view.progress.numbers().percent(), 100);
  EXPECT_EQ(view.texts[0], text);
  EXPECT_THAT(view.resets, IsEmpty());
  EXPECT_THAT(client->faults(), IsEmpty());
}

TEST_F(WatchProgressTest, ALateWatchGetsTheWholeTextAtOnce) {
  Run(job_);
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    const std::string token = absl::StrCat("token ", i, " and more, ");
    Say(job_, token);
    text += token;
  }
  const auto client = Watch(job_);

  EXPECT_TRUE(client->AwaitText(job_, text));
  EXPECT_THAT(client->faults(), IsEmpty());
}

TEST_F(WatchProgressTest, BothTextsAreTold) {
  Run(job_);
  const auto client = Watch(job_);
  worker_->Append(job_, "let me see", v1::CHANNEL_THINKING);
  worker_->Append(job_, "42");

  ASSERT_TRUE(client->AwaitText(job_, "42"));
  EXPECT_EQ(client->view(job_).texts[1], "let me see");
}

TEST_F(WatchProgressTest, AWatchWithoutTextGetsNumbersOnly) {
  Run(job_);
  const auto client = Watch(job_, "", /*text=*/false);
  Say(job_, "something");
  ASSERT_TRUE(client->Await(
      [&](const WatchClient& c) { return c.view(job_).progress.numbers().current_tokens() == 1; }));
  EXPECT_EQ(client->view(job_).texts[0], "");
  EXPECT_FALSE(ParseCursor(client->view(job_).cursor)->answer.has_value());
  Complete(job_);

  ASSERT_TRUE(client->AwaitEnd().has_value());
  EXPECT_EQ(client->view(job_).progress.state(), v1::Job::STATE_COMPLETED);
}

TEST_F(WatchProgressTest, ResumeInTheMiddleHasNoGapAndNoRepeat) {
  Run(job_);
  std::string text;
  auto client = Watch(job_);
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 10; ++i) {
      const std::string token = absl::StrCat(round, "/", i, " ");
      Say(job_, token);
      text += token;
    }
    ASSERT_TRUE(client->AwaitText(job_, text));
    const WatchClient::View before = client->view(job_);
    client.reset();
    Say(job_, "unseen ");
    text += "unseen ";
    client = std::make_unique<WatchClient>(
        replica_->address(), WatchClient::Options{.targets = {TargetOf(job_, before.cursor)},
                                                  .held = {{job_, before.texts}}});
    ASSERT_TRUE(client->AwaitText(job_, text));
    EXPECT_THAT(client->view(job_).resets, IsEmpty());
    EXPECT_THAT(client->faults(), IsEmpty());
  }
}

TEST_F(WatchProgressTest, ResumeOnAnotherReplicaGoesOnFromTheCursor) {
  ProgressReplica other(ledger_->address(), worker_->address());
  Run(job_);
  Say(job_, "first ");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "first "));
  const WatchClient::View before = client->view(job_);
  Say(job_, "second");

  WatchClient resumed(other.address(),
                      {.targets = {TargetOf(job_, before.cursor)}, .held = {{job_, before.texts}}});

  EXPECT_TRUE(resumed.AwaitText(job_, "first second"));
  EXPECT_THAT(resumed.view(job_).resets, IsEmpty());
  EXPECT_THAT(resumed.faults(), IsEmpty());
}

TEST_F(WatchProgressTest, ANewAttemptThatStartsOverResetsToNothing) {
  Run(job_);
  Say(job_, "a first attempt");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "a first attempt"));

  worker_->Drop(job_);
  ledger_->Move(job_, v1::Job::STATE_QUEUED);
  ASSERT_TRUE(client->AwaitState(job_, v1::Job::STATE_QUEUED));
  EXPECT_EQ(client->view(job_).texts[0], "a first attempt");
  RunAgain(job_, /*keep=*/false);
  Say(job_, "another");

  ASSERT_TRUE(client->AwaitText(job_, "another"));
  const WatchClient::View view = client->view(job_);
  ASSERT_EQ(view.resets.size(), 1);
  EXPECT_EQ(view.resets[0].reason(), "RESTARTED");
  EXPECT_EQ(view.resets[0].offset(), 0);
  EXPECT_EQ(view.resets[0].channel(), v1::CHANNEL_ANSWER);
  EXPECT_EQ(view.bases.size(), 2);
  EXPECT_THAT(client->faults(), IsEmpty());
}

TEST_F(WatchProgressTest, ACursorOfAnOlderAttemptIsResetToWhatStands) {
  Run(job_);
  Say(job_, "a first attempt");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "a first attempt"));
  const WatchClient::View before = client->view(job_);
  worker_->Drop(job_);
  ledger_->Move(job_, v1::Job::STATE_QUEUED);
  RunAgain(job_, /*keep=*/false);
  Say(job_, "another");

  WatchClient resumed(replica_->address(),
                      {.targets = {TargetOf(job_, before.cursor)}, .held = {{job_, before.texts}}});

  ASSERT_TRUE(resumed.AwaitText(job_, "another"));
  EXPECT_EQ(resumed.view(job_).resets.at(0).reason(), "RESTARTED");
  EXPECT_THAT(resumed.faults(), IsEmpty());
}

TEST_F(WatchProgressTest, ANewAttemptThatContinuesKeepsWhatWasStored) {
  Run(job_);
  Say(job_, "stored");
  worker_->Append(job_, " but this was not");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "stored but this was not"));

  worker_->Drop(job_);
  ledger_->Move(job_, v1::Job::STATE_QUEUED);
  ASSERT_TRUE(client->AwaitText(job_, "stored"));
  EXPECT_EQ(client->view(job_).resets.at(0).reason(), "CONTINUED");
  RunAgain(job_, /*keep=*/true);
  Say(job_, " and more");

  ASSERT_TRUE(client->AwaitText(job_, "stored and more"));
  EXPECT_EQ(client->view(job_).resets.size(), 1);

  // Who comes only now gets the kept text, which the worker never told, from the ledger.
  const auto late = Watch(job_);
  EXPECT_TRUE(late->AwaitText(job_, "stored and more"));
  EXPECT_THAT(late->faults(), IsEmpty());
}

TEST_F(WatchProgressTest, TheEndIsShownOnlyAfterItIsStored) {
  Run(job_);
  Say(job_, "done");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "done"));

  worker_->End(job_);
  ASSERT_TRUE(client->Await(
      [&](const WatchClient& c) { return c.view(job_).progress.phase() == v1::PHASE_FINALIZING; }));
  // The hint makes it ask at once, and the ledger says: not yet.
  const int asked = ledger_->asked(job_);
  ASSERT_TRUE(Await([&] { return ledger_->asked(job_) > asked + 1; }));
  EXPECT_EQ(client->view(job_).progress.state(), v1::Job::STATE_PROCESSING);
  EXPECT_LT(client->view(job_).progress.numbers().percent(), 100);
  EXPECT_FALSE(client->view(job_).terminal);

  ledger_->Move(job_, v1::Job::STATE_COMPLETED);
  ASSERT_TRUE(client->AwaitEnd().has_value());
  EXPECT_EQ(client->view(job_).progress.state(), v1::Job::STATE_COMPLETED);
}

TEST_F(WatchProgressTest, ALateComerGetsTheTextAndTheEndInItsFirstMessage) {
  ledger_->Submit(job_, "ada");
  ledger_->Lease(job_, true);
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += absl::StrCat("word", i, "\u20ac ");
  ledger_->Store(job_, text);
  ledger_->Store(job_, "thoughts", v1::CHANNEL_THINKING);
  ledger_->Move(job_, v1::Job::STATE_FAILED);

  const auto client = Watch(job_);

  const auto status = client->AwaitEnd();
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(status->ok()) << status->error_message();
  const WatchClient::View view = client->view(job_);
  EXPECT_EQ(client->messages(), 1);
  EXPECT_EQ(view.texts[0], text);
  EXPECT_EQ(view.texts[1], "thoughts");
  EXPECT_EQ(view.progress.state(), v1::Job::STATE_FAILED);
  EXPECT_TRUE(view.terminal);
  EXPECT_EQ(view.snapshots.size(), 1);
  EXPECT_THAT(client->faults(), IsEmpty());
}

TEST_F(WatchProgressTest, TheTerminalCursorGivesTheTerminalSnapshotAndNoText) {
  ledger_->Submit(job_, "ada");
  ledger_->Lease(job_, true);
  ledger_->Store(job_, "all of it");
  ledger_->Move(job_, v1::Job::STATE_CANCELLED);
  const auto first = Watch(job_);
  ASSERT_TRUE(first->AwaitEnd().has_value());
  const WatchClient::View before = first->view(job_);
  ASSERT_TRUE(ParseCursor(before.cursor)->terminal);

  WatchClient again(replica_->address(),
                    {.targets = {TargetOf(job_, before.cursor)}, .held = {{job_, before.texts}}});

  const auto status = again.AwaitEnd();
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(status->ok());
  EXPECT_EQ(again.messages(), 1);
  EXPECT_EQ(again.view(job_).texts[0], "all of it");
  EXPECT_TRUE(again.view(job_).terminal);
  EXPECT_THAT(again.view(job_).resets, IsEmpty());
  EXPECT_THAT(again.faults(), IsEmpty());
}

TEST_F(WatchProgressTest, AWorkerThatDiesSilentlyIsNoticedThroughTheLedger) {
  Run(job_);
  Say(job_, "some text");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "some text"));

  // Killed between storing and publishing, with the connection still standing.
  worker_->SetSilent(true);
  ledger_->Move(job_, v1::Job::STATE_COMPLETED);
  const absl::Time stored = absl::Now();

  ASSERT_TRUE(client->AwaitEnd().has_value());
  EXPECT_LT(absl::Now() - stored, absl::Seconds(2));
  EXPECT_EQ(client->view(job_).progress.state(), v1::Job::STATE_COMPLETED);
}

TEST_F(WatchProgressTest, AWorkerWhoseFeedBreaksIsAskedAboutAtOnce) {
  Run(job_);
  Say(job_, "some text");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "some text"));
  ledger_->Move(job_, v1::Job::STATE_FAILED);

  worker_->CutFeeds();

  ASSERT_TRUE(client->AwaitEnd().has_value());
  EXPECT_EQ(client->view(job_).progress.state(), v1::Job::STATE_FAILED);
}

TEST_F(WatchProgressTest, AWorkerWithUnansweredHeartbeatsIsNotBelieved) {
  Run(job_);
  const auto client = Watch(job_);
  Say(job_, "text");
  ASSERT_TRUE(client->AwaitText(job_, "text"));

  worker_->SetHeartbeatAge(2500);
  ledger_->Move(job_, v1::Job::STATE_CANCELLED);

  ASSERT_TRUE(client->AwaitEnd().has_value());
  EXPECT_EQ(client->view(job_).progress.state(), v1::Job::STATE_CANCELLED);
}

TEST_F(WatchProgressTest, AZombiesWordsAreNotShown) {
  FakeWorker successor;
  ProgressReplica replica(ledger_->address(),
                          absl::StrCat(worker_->address(), ",", successor.address()));
  Run(job_);
  worker_->Append(job_, "old");
  WatchClient client(replica.address(), {.targets = {TargetOf(job_)}});
  ASSERT_TRUE(client.AwaitText(job_, "old"));

  // The lease went to another worker, and the first one doesn't know.
  ledger_->Move(job_, v1::Job::STATE_QUEUED);
  const auto bases = ledger_->Lease(job_, false);
  successor.Begin(job_, ledger_->version(job_), bases);
  successor.Append(job_, "new");
  ASSERT_TRUE(client.AwaitText(job_, "new"));
  for (int i = 0; i < 50; ++i) worker_->Append(job_, "zombie");
  successor.Append(job_, " and true");

  ASSERT_TRUE(client.AwaitText(job_, "new and true"));
  EXPECT_THAT(client.faults(), IsEmpty());
}

TEST_F(WatchProgressTest, WithTheLedgerDownTheStreamGoesOnWithoutAGap) {
  Run(job_);
  Say(job_, "before ");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "before "));

  ledger_->SetDown(true);
  std::string text = "before ";
  for (int i = 0; i < 200; ++i) {
    Say(job_, absl::StrCat(i, " "));
    text += absl::StrCat(i, " ");
  }
  ASSERT_TRUE(client->AwaitText(job_, text));
  worker_->End(job_);
  ledger_->Move(job_, v1::Job::STATE_COMPLETED);
  ASSERT_TRUE(client->Await(
      [&](const WatchClient& c) { return c.view(job_).progress.phase() == v1::PHASE_FINALIZING; }));
  EXPECT_FALSE(client->view(job_).terminal);
  ledger_->SetDown(false);

  ASSERT_TRUE(client->AwaitEnd().has_value());
  EXPECT_EQ(client->view(job_).texts[0], text);
  EXPECT_EQ(client->view(job_).progress.state(), v1::Job::STATE_COMPLETED);
  EXPECT_THAT(client->faults(), IsEmpty());
}

TEST_F(WatchProgressTest, WithoutItsWorkerAJobIsShownAsTheLedgerHasIt) {
  ledger_->Submit(job_, "ada");
  ledger_->Lease(job_, true, "127.0.0.1:1");  // a worker that can't be reached from here
  ledger_->Store(job_, "stored");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "stored"));

  ledger_->Store(job_, " more");
  ASSERT_TRUE(client->AwaitText(job_, "stored more"));
  ledger_->Move(job_, v1::Job::STATE_COMPLETED);
  ASSERT_TRUE(client->AwaitEnd().has_value());
  EXPECT_EQ(client->view(job_).texts[0], "stored more");
}

TEST_F(WatchProgressTest, AWorkerThatOnlyTheLedgerKnowsIsListenedTo) {
  FakeWorker unknown;
  ledger_->Submit(job_, "ada");
  const auto bases = ledger_->Lease(job_, true, unknown.address());
  unknown.Begin(job_, ledger_->version(job_), bases);
  unknown.Append(job_, "live");

  const auto client = Watch(job_);

  EXPECT_TRUE(client->AwaitText(job_, "live"));
  EXPECT_EQ(unknown.feeds(), 1);
}

TEST_F(WatchProgressTest, OneWorkerUnderTwoNamesIsListenedToOnce) {
  ledger_->Submit(job_, "ada");
  const auto bases =
      ledger_->Lease(job_, true, absl::StrCat("[::ffff:127.0.0.1]:", worker_->port()));
  worker_->Begin(job_, bases.back().version(), bases);
  const auto client = Watch(job_);
  ASSERT_TRUE(Await([&] { return worker_->feeds_opened() == 2; }));

  ASSERT_TRUE(Await([&] { return worker_->feeds() == 1; }));
  worker_->Append(job_, "still heard");
  EXPECT_TRUE(client->AwaitText(job_, "still heard"));
  EXPECT_THAT(client->faults(), IsEmpty());
}

TEST_F(WatchProgressTest, AWorkerThatWasStartedAgainIsHeard) {
  Run(job_);
  Say(job_, "first ");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "first "));
  const int port = worker_->port();
  worker_.reset();
  ledger_->Move(job_, v1::Job::STATE_QUEUED);
  ASSERT_TRUE(client->AwaitState(job_, v1::Job::STATE_QUEUED));

  worker_ = std::make_unique<FakeWorker>(port);
  RunAgain(job_, /*keep=*/true);
  Say(job_, "second");

  EXPECT_TRUE(client->AwaitText(job_, "first second"));
  EXPECT_THAT(client->faults(), IsEmpty());
}

TEST_F(WatchProgressTest, AFeedThatComesBackIsToldWhatIsKnown) {
  Run(job_);
  Say(job_, "0123456789");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "0123456789"));

  worker_->CutFeeds();
  ASSERT_TRUE(Await([&] { return worker_->last_request().known_size() == 1; }));
  EXPECT_EQ(worker_->last_request().known(0).answer_bytes(), 10);
  Say(job_, " and on");

  EXPECT_TRUE(client->AwaitText(job_, "0123456789 and on"));
  EXPECT_THAT(client->faults(), IsEmpty());
}

TEST_F(WatchProgressTest, AWaitingJobShowsItsPlaceAndItsReason) {
  ledger_->Submit(job_, "ada");
  ledger_->Edit(job_, [](v1::Progress& progress) {
    progress.set_queue_position(3);
    progress.set_queue_size(8);
  });
  const auto client = Watch(job_);
  ASSERT_TRUE(client->Await(
      [&](const WatchClient& c) { return c.view(job_).progress.queue_position() == 3; }));

  ledger_->Edit(job_, [](v1::Progress& progress) {
    progress.set_queue_position(1);
    progress.set_reason("MODEL_UNREACHABLE");
    progress.mutable_retry_time()->set_seconds(1'800'000'000);
  });
  ASSERT_TRUE(client->Await(
      [&](const WatchClient& c) { return c.view(job_).progress.queue_position() == 1; }));
  EXPECT_EQ(client->view(job_).progress.reason(), "MODEL_UNREACHABLE");
  EXPECT_EQ(client->view(job_).progress.retry_time().seconds(), 1'800'000'000);

  // A start is seen through the feed.
  RunAgain(job_, /*keep=*/true);
  ASSERT_TRUE(client->AwaitState(job_, v1::Job::STATE_PROCESSING));
  EXPECT_EQ(client->view(job_).progress.queue_position(), 0);
  ASSERT_TRUE(
      client->Await([&](const WatchClient& c) { return c.view(job_).progress.has_start_time(); }));
}

TEST_F(WatchProgressTest, SlowReadersGetFewerNumbersAndAllOfTheText) {
  Run(job_);
  WatchClient slow(replica_->address(), {.targets = {TargetOf(job_)}, .paused = true});
  std::string text;
  for (int i = 0; i < 6000; ++i) {
    const std::string token = absl::StrCat("token number ", i, " of a long answer; ");
    Say(job_, token);
    text += token;
  }
  const auto witness = Watch(job_);
  ASSERT_TRUE(witness->AwaitText(job_, text));
  Complete(job_);
  ASSERT_TRUE(witness->AwaitEnd().has_value());

  slow.Resume();

  ASSERT_TRUE(slow.AwaitEnd().has_value());
  EXPECT_TRUE(slow.AwaitEnd()->ok()) << slow.AwaitEnd()->error_message();
  const WatchClient::View view = slow.view(job_);
  EXPECT_EQ(view.texts[0], text);
  EXPECT_EQ(view.progress.state(), v1::Job::STATE_COMPLETED);
  EXPECT_LT(view.snapshots.size(), 3000) << "numbers were not conflated";
  EXPECT_THAT(slow.faults(), IsEmpty());
}

TEST_F(WatchProgressTest, MaxRateLimitsUpdatesAndLosesNothing) {
  Run(job_);
  const absl::Time start = absl::Now();
  WatchClient client(replica_->address(), {.targets = {TargetOf(job_)}, .max_rate = 5});
  ASSERT_TRUE(client.AwaitState(job_, v1::Job::STATE_PROCESSING));
  std::string text;
  while (absl::Now() - start < absl::Seconds(2)) {
    Say(job_, "x");
    text += "x";
    absl::SleepFor(absl::Milliseconds(5));  // the source's pace
  }
  Complete(job_);

  ASSERT_TRUE(client.AwaitEnd().has_value());
  const WatchClient::View view = client.view(job_);
  EXPECT_EQ(view.texts[0], text);
  // But for the terminal one, none was early.
  EXPECT_LE((view.updates - 2) * absl::Milliseconds(200), view.times.back() - start);
  EXPECT_GE(view.updates, 3);
  EXPECT_THAT(client.faults(), IsEmpty());
}

TEST_F(WatchProgressTest, TheLeadingEdgeIsNotDelayedByMaxRate) {
  Run(job_);
  WatchClient client(replica_->address(), {.targets = {TargetOf(job_)}, .max_rate = 0.01});
  ASSERT_TRUE(client.AwaitState(job_, v1::Job::STATE_PROCESSING));

  Complete(job_);

  EXPECT_TRUE(client.AwaitEnd().has_value()) << "the terminal update waits for no rate";
}

// Seed's defect: the counts were 0 until completion, the last sample stood for the final numbers,
// and a run of less than half a second was never shown at all.
TEST_F(WatchProgressTest, SeedDefect17FinalNumbersComeWithTheEndAlsoOfAShortRun) {
  ledger_->Submit(job_, "ada");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitState(job_, v1::Job::STATE_QUEUED));

  RunAgain(job_, /*keep=*/true);
  Say(job_, "short");
  worker_->End(job_);
  ledger_->Edit(job_, [](v1::Progress& progress) {
    v1::JobNumbers& numbers = *progress.mutable_numbers();
    numbers.set_prompt_tokens(26);
    numbers.set_completion_tokens(3);
    numbers.set_total_tokens(29);
    numbers.set_current_tokens(3);
    numbers.set_elapsed_ms(123);
  });
  ledger_->Move(job_, v1::Job::STATE_COMPLETED);
  worker_->Drop(job_);

  ASSERT_TRUE(client->AwaitEnd().has_value());
  const v1::JobNumbers numbers = client->view(job_).progress.numbers();
  EXPECT_EQ(numbers.prompt_tokens(), 26);
  EXPECT_EQ(numbers.completion_tokens(), 3);
  EXPECT_EQ(numbers.total_tokens(), 29);
  EXPECT_EQ(numbers.elapsed_ms(), 123);
  EXPECT_EQ(numbers.percent(), 100);
  EXPECT_EQ(client->view(job_).texts[0], "short");
}

TEST_F(WatchProgressTest, AJobOfSomebodyElseIsNotFoundLikeOneThatNeverWas) {
  Run(job_);
  WatchClient stranger(replica_->address(), {.user = "eve", .targets = {TargetOf(job_)}});
  const auto never = Watch(JobIdOf(99));

  const auto foreign = stranger.AwaitEnd();
  const auto unknown = never->AwaitEnd();

  ASSERT_TRUE(foreign.has_value() && unknown.has_value());
  EXPECT_EQ(foreign->error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(unknown->error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonIn(*foreign), "JOB_NOT_FOUND");
  EXPECT_EQ(ReasonIn(*unknown), "JOB_NOT_FOUND");
  EXPECT_EQ(stranger.messages(), 0);
}

TEST_F(WatchProgressTest, RequestsThatMakeNoSenseAreRefusedWithTheirReason) {
  const auto refusal = [&](WatchClient::Options options) {
    WatchClient client(replica_->address(), std::move(options));
    return client.AwaitEnd().value_or(grpc::Status::OK);
  };
  EXPECT_EQ(ReasonIn(refusal({.targets = {TargetOf("job_123")}})), "BAD_JOB_ID");
  EXPECT_EQ(ReasonIn(refusal({})), "NO_TARGETS");
  EXPECT_EQ(ReasonIn(refusal({.targets = std::vector<v1::WatchTarget>(201, TargetOf(job_)),
                              .mine_active = true})),
            "TOO_MANY_TARGETS");
  EXPECT_EQ(ReasonIn(refusal({.targets = {TargetOf(job_), TargetOf(job_)}})), "DUPLICATE_TARGET");
  EXPECT_EQ(ReasonIn(refusal({.targets = {TargetOf(job_)}, .max_rate = -1})), "BAD_MAX_RATE");
  EXPECT_EQ(ReasonIn(refusal({.targets = std::vector<v1::WatchTarget>(51, TargetOf(job_))})),
            "TOO_MANY_TARGETS");
  const grpc::Status nobody = refusal({.user = "", .targets = {TargetOf(job_)}});
  EXPECT_EQ(nobody.error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(WatchProgressTest, ACursorThatIsNoCursorOfThisJobIsResetToTheBeginning) {
  Run(job_);
  Say(job_, "a\u00e4b");
  const auto good = Watch(job_);
  ASSERT_TRUE(good->AwaitText(job_, "a\u00e4b"));
  Cursor inside = *ParseCursor(good->view(job_).cursor);
  inside.answer = 2;  // inside the second character
  Cursor no_such_lease = *ParseCursor(good->view(job_).cursor);
  no_such_lease.text_version = 1;
  Cursor foreign = *ParseCursor(good->view(job_).cursor);
  foreign.job_hash ^= 1;
  for (const std::string& cursor : {std::string("garbage"), FormatCursor(inside),
                                    FormatCursor(no_such_lease), FormatCursor(foreign)}) {
    WatchClient client(replica_->address(), {.targets = {TargetOf(job_, cursor)}});
    ASSERT_TRUE(client.AwaitText(job_, "a\u00e4b")) << cursor;
    ASSERT_EQ(client.view(job_).resets.size(), 2) << cursor;
    EXPECT_EQ(client.view(job_).resets[0].reason(), "CURSOR_INVALID");
    EXPECT_THAT(client.faults(), IsEmpty());
  }
}

TEST_F(WatchProgressTest, ACursorAheadOfTheReplicaIsCheckedAgainstTheLedger) {
  Run(job_);
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitState(job_, v1::Job::STATE_PROCESSING));
  Cursor ahead = *ParseCursor(client->view(job_).cursor);
  ahead.version += 5;
  const absl::Time start = absl::Now();

  WatchClient disproved(replica_->address(), {.targets = {TargetOf(job_, FormatCursor(ahead))}});
  ASSERT_TRUE(disproved.AwaitState(job_, v1::Job::STATE_PROCESSING));
  EXPECT_EQ(disproved.view(job_).resets.at(0).reason(), "CURSOR_INVALID");
  EXPECT_LT(absl::Now() - start, absl::Seconds(1));

  // The ledger moved on, and this replica learns it from the question.
  Say(job_, "text");
  worker_->SetSilent(true);
  ledger_->Move(job_, v1::Job::STATE_PAUSED);
  ahead.version = ledger_->version(job_);
  WatchClient behind(replica_->address(), {.targets = {TargetOf(job_, FormatCursor(ahead))}});
  ASSERT_TRUE(behind.AwaitState(job_, v1::Job::STATE_PAUSED));
  EXPECT_THAT(behind.view(job_).resets, IsEmpty());
}

TEST_F(WatchProgressTest, ACursorAheadWithoutTheLedgerIsUnavailableWithinASecond) {
  Run(job_);
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitState(job_, v1::Job::STATE_PROCESSING));
  Cursor ahead = *ParseCursor(client->view(job_).cursor);
  ahead.version += 1;
  ledger_->SetDown(true);
  const absl::Time start = absl::Now();

  WatchClient resumed(replica_->address(), {.targets = {TargetOf(job_, FormatCursor(ahead))}});

  const auto status = resumed.AwaitEnd();
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonIn(*status), "LEDGER_UNAVAILABLE");
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
}

TEST_F(WatchProgressTest, AGreaterSequenceOrOffsetIsAccepted) {
  Run(job_);
  Say(job_, "0123");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "0123"));
  Cursor ahead = *ParseCursor(client->view(job_).cursor);
  ahead.sequence += 100;
  ahead.answer = 8;

  WatchClient resumed(replica_->address(), {.targets = {TargetOf(job_, FormatCursor(ahead))},
                                            .held = {{job_, {"01234567", ""}}}});
  ASSERT_TRUE(resumed.AwaitState(job_, v1::Job::STATE_PROCESSING));
  Say(job_, "4567");
  Say(job_, "89");

  EXPECT_TRUE(resumed.AwaitText(job_, "0123456789"));
  EXPECT_THAT(resumed.view(job_).resets, IsEmpty());
  EXPECT_THAT(resumed.faults(), IsEmpty());
}

TEST_F(WatchProgressTest, SeveralJobsShareAStreamThatEndsWithTheLast) {
  const std::string other = JobIdOf(2);
  Run(job_);
  Run(other);
  WatchClient client(replica_->address(),
                     {.targets = {TargetOf(job_), TargetOf(other), TargetOf(JobIdOf(99))}});
  Say(job_, "one");
  Say(other, "two");
  ASSERT_TRUE(client.AwaitText(job_, "one"));
  ASSERT_TRUE(client.AwaitText(other, "two"));
  ASSERT_TRUE(
      client.Await([](const WatchClient& c) { return c.view(JobIdOf(99)).error.has_value(); }));
  EXPECT_EQ(client.view(JobIdOf(99)).error->code(), static_cast<int>(grpc::StatusCode::NOT_FOUND));
  EXPECT_EQ(client.view(JobIdOf(99)).error->reason(), "JOB_NOT_FOUND");

  Complete(job_);
  ASSERT_TRUE(client.AwaitState(job_, v1::Job::STATE_COMPLETED));
  Say(other, " and on");
  ASSERT_TRUE(client.AwaitText(other, "two and on"));
  Complete(other);

  const auto status = client.AwaitEnd();
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(status->ok());
  EXPECT_THAT(client.faults(), IsEmpty());
}

TEST_F(WatchProgressTest, ActiveJobsOfTheCallerJoinAndLeave) {
  const std::string other = JobIdOf(2);
  const std::string foreign = JobIdOf(3);
  Run(job_);
  ledger_->Submit(foreign, "eve");
  WatchClient client(replica_->address(), {.mine_active = true});
  ASSERT_TRUE(client.Await([](const WatchClient& c) { return c.messages() > 0; }));
  Say(job_, "one");
  ASSERT_TRUE(client.AwaitText(job_, "one"));

  Run(other);
  Say(other, "two");
  ASSERT_TRUE(client.AwaitText(other, "two"));
  Complete(job_);
  ASSERT_TRUE(client.AwaitState(job_, v1::Job::STATE_COMPLETED));
  Complete(other);
  ASSERT_TRUE(client.AwaitState(other, v1::Job::STATE_COMPLETED));

  const std::string third = JobIdOf(4);
  Run(third);
  ASSERT_TRUE(client.AwaitState(third, v1::Job::STATE_PROCESSING));
  EXPECT_EQ(client.view(foreign).updates, 0);
  EXPECT_THAT(client.faults(), IsEmpty());
}

TEST_F(WatchProgressTest, AWatchOfAllActiveJobsIsResumedFromTheCursorOfEach) {
  const std::string ended = JobIdOf(2);
  const std::string never = JobIdOf(99);
  Run(job_);
  Run(ended);
  Say(job_, "one ");
  Say(ended, "two ");
  std::string cursor;
  std::string ended_cursor;
  {
    WatchClient before(replica_->address(), {.mine_active = true});
    ASSERT_TRUE(before.AwaitText(job_, "one ") && before.AwaitText(ended, "two "));
    cursor = before.view(job_).cursor;
    ended_cursor = before.view(ended).cursor;
  }
  Say(job_, "more");
  Say(ended, "last");
  Complete(ended);

  WatchClient client(
      replica_->address(),
      {.targets = {TargetOf(job_, cursor), TargetOf(ended, ended_cursor), TargetOf(never)},
       .mine_active = true,
       .held = {{job_, {"one ", ""}}, {ended, {"two ", ""}}}});

  ASSERT_TRUE(client.AwaitText(job_, "one more"));
  ASSERT_TRUE(client.AwaitState(ended, v1::Job::STATE_COMPLETED));
  EXPECT_EQ(client.view(ended).texts[0], "two last");
  ASSERT_TRUE(client.Await([&](const WatchClient& c) { return c.view(never).error.has_value(); }));
  const std::string later = JobIdOf(4);
  Run(later);
  ASSERT_TRUE(client.AwaitState(later, v1::Job::STATE_PROCESSING));
  EXPECT_THAT(client.view(job_).resets, IsEmpty());
  EXPECT_THAT(client.faults(), IsEmpty());
}

TEST_F(WatchProgressTest, AnEmptyMessageIsAHeartbeat) {
  Run(job_);
  WatchClient client(replica_->address(), {.targets = {TargetOf(job_)}, .heartbeat_ms = 1000});
  WatchClient mine(replica_->address(), {.mine_active = true, .heartbeat_ms = 1});

  for (WatchClient* const each : {&client, &mine}) {
    EXPECT_TRUE(each->Await([](const WatchClient& c) { return c.heartbeats() >= 3; }));
  }
}

TEST(PlanWatchTest, HeartbeatsAreNeitherRareNorFrequent) {
  v1::WatchProgressRequest request;
  request.set_mine_active(true);
  const auto heartbeat = [&request](uint32_t asked) {
    request.set_heartbeat_ms(asked);
    return PlanWatch(request, "somebody")->heartbeat;
  };
  EXPECT_EQ(heartbeat(0), absl::Seconds(15));
  EXPECT_EQ(heartbeat(1), absl::Seconds(1));
  EXPECT_EQ(heartbeat(1500), absl::Milliseconds(1500));
  EXPECT_EQ(heartbeat(60'000), absl::Seconds(15));
}

TEST_F(WatchProgressTest, APeerThatStopsReadingIsDropped) {
  ProgressReplica replica(ledger_->address(), worker_->address(),
                          {.write_deadline = absl::Seconds(1)});
  Run(job_);
  WatchClient client(replica.address(), {.targets = {TargetOf(job_)}, .paused = true});
  ASSERT_TRUE(Await([&] { return replica.watchers().count() == 1; }));
  const std::string token(8 << 10, 'x');
  for (int i = 0; i < 200; ++i) Say(job_, token);

  EXPECT_TRUE(Await([&] { return replica.watchers().count() == 0; }));
}

TEST_F(WatchProgressTest, ADrainEndsStreamsSoThatTheyResumeElsewhere) {
  Run(job_);
  Say(job_, "before");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "before"));

  replica_->watchers().Drain();

  const auto status = client->AwaitEnd();
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonIn(*status), "DRAINING");
  const auto late = Watch(job_);
  EXPECT_EQ(ReasonIn(late->AwaitEnd().value()), "DRAINING");
}

TEST_F(WatchProgressTest, AboveTheCapUnwatchedTextsGoAndNewWatchesWait) {
  ProgressReplica replica(ledger_->address(), worker_->address(), {.max_text_bytes = 100'000});
  const std::string unwatched = JobIdOf(2);
  Run(job_);
  Run(unwatched);
  WatchClient client(replica.address(), {.targets = {TargetOf(job_)}});
  ASSERT_TRUE(client.AwaitState(job_, v1::Job::STATE_PROCESSING));
  Say(unwatched, std::string(80'000, 'u'));
  Say(job_, std::string(60'000, 'w'));
  // The unwatched text is let go, and read again when somebody wants it.
  ASSERT_TRUE(Await([&] {
    Say(job_, ".");
    return absl::StrContains(replica.metrics().Scrape(),
                             "genwatch_progress_texts_discarded_total 1");
  }));
  {
    WatchClient second(replica.address(), {.targets = {TargetOf(unwatched)}});
    Say(unwatched, " more");
    EXPECT_TRUE(second.AwaitText(unwatched, std::string(80'000, 'u') + " more"));

    WatchClient third(replica.address(), {.targets = {TargetOf(job_)}});
    const auto status = third.AwaitEnd();
    ASSERT_TRUE(status.has_value());
    EXPECT_EQ(status->error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(ReasonIn(*status), "TEXT_MEMORY_FULL");
  }
  EXPECT_THAT(client.faults(), IsEmpty());
}

TEST_F(WatchProgressTest, WhatNobodyWatchesAndNobodyRunsIsForgotten) {
  Run(job_);
  Say(job_, "text");
  auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "text"));
  Complete(job_);
  ASSERT_TRUE(client->AwaitEnd().has_value());

  client.reset();

  EXPECT_TRUE(Await([&] { return replica_->hub().job_count() == 0; }));
  EXPECT_EQ(replica_->hub().text_bytes(), 0);
}

}  // namespace
}  // namespace genwatch
