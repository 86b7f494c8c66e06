#include <random>

#include "absl/strings/str_cat.h"
#include "job_service/job_change.h"
#include "tests/job_service/job_store_contract.h"

// Going on from kept text instead of starting over.

namespace genwatch {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// Leases to a worker that can go on from kept text.
JobRecord LeaseAgain(JobStore& store, const v1::Worker& worker, const std::string& job_id) {
  EXPECT_TRUE(store.Heartbeat(worker, 1, {}).ok());
  LeaseGrant grant{.worker = worker, .model = "llama", .limit = 100, .continues = true};
  grant.candidates.push_back({.job_id = job_id});
  const auto result = store.Lease(grant);
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok() || result->leased.size() != 1) {
    ADD_FAILURE() << job_id << " was not leased";
    return JobRecord();
  }
  return result->leased[0];
}

AppendResult Lower(JobStore& store, const JobRecord& leased, uint32_t answer, uint32_t thinking,
                   const std::vector<v1::TextPiece>& pieces = {}) {
  v1::TextAppend append;
  append.set_job_id(leased.job_id);
  append.set_version(leased.version);
  append.mutable_lower_base()->set_answer(answer);
  append.mutable_lower_base()->set_thinking(thinking);
  append.mutable_pieces()->Assign(pieces.begin(), pieces.end());
  const auto results = store.AppendText(leased.instance, {append});
  EXPECT_TRUE(results.ok()) << results.status();
  return results.ok() && results->size() == 1 ? results->front() : AppendResult();
}

v1::TextPiece Answer(uint32_t offset, const std::string& text) {
  v1::TextPiece piece;
  piece.set_channel(v1::CHANNEL_ANSWER);
  piece.set_offset(offset);
  piece.set_text(text);
  return piece;
}

TEST_P(JobStoreContract, NextAttemptGoesOnFromTheKeptText) {
  const JobRecord first = InsertLeased(1);
  EXPECT_EQ(first.resume_mode, v1::RESUME_MODE_UNSPECIFIED);
  Append(first, {Answer(0, "half "), Piece(v1::CHANNEL_THINKING, 0, "hmm")});
  ASSERT_TRUE(store().ReapWorker(first.instance, 1).ok());
  EXPECT_EQ(Text(JobId(1)), "half ");

  const JobRecord second = LeaseAgain(store(), Worker(2), JobId(1));
  EXPECT_EQ(second.resume_mode, v1::RESUME_MODE_CONTINUED);
  EXPECT_EQ(second.numbers.answer_bytes(), 5u);
  EXPECT_EQ(second.numbers.thinking_bytes(), 3u);
  ASSERT_THAT(second.bases, SizeIs(2));
  EXPECT_EQ(second.bases[1].answer(), 5u);
  EXPECT_EQ(second.bases[1].thinking(), 3u);
  EXPECT_EQ(Text(JobId(1)), "half ");
  const AppendResult result = Append(second, {Answer(5, "an "), Answer(8, "answer")});
  EXPECT_EQ(result.kept.answer, 14u);
  EXPECT_EQ(Text(JobId(1)), "half an answer");
  EXPECT_EQ(Text(JobId(1), v1::CHANNEL_THINKING), "hmm");

  const auto done = store().FinishAttempt(Finish(second, v1::OUTCOME_COMPLETED));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->numbers.answer_bytes(), 14u);
  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.resume_mode, v1::RESUME_MODE_CONTINUED);
  EXPECT_EQ(read.bases[1].answer(), 5u);
  EXPECT_EQ(Text(JobId(1)), "half an answer");
}

TEST_P(JobStoreContract, TextOfManyAttemptsIsReadFromAnyOffset) {
  JobRecord leased = InsertLeased(1);
  std::string text;
  for (int attempt = 1; attempt <= 5; ++attempt) {
    for (int i = 0; i < 3; ++i) {
      const std::string piece(attempt + i, static_cast<char>('a' + attempt * 3 + i));
      Append(leased, {Answer(static_cast<uint32_t>(text.size()), piece)});
      text += piece;
    }
    ASSERT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_HANDED_OVER)).ok());
    leased = LeaseAgain(store(), Worker(1), JobId(1));
  }
  for (uint32_t from = 0; from <= text.size(); ++from) {
    for (const size_t limit : {1u, 7u, 100u}) {
      const auto read = store().ReadText(JobId(1), v1::CHANNEL_ANSWER, from, limit);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(read->text, text.substr(from, limit)) << from << " " << limit;
    }
  }
}

TEST_P(JobStoreContract, JobThatAsksToRestartStartsOver) {
  NewJob job = Job(1);
  job.spec.set_resume_policy(v1::RESUME_POLICY_RESTART);
  Insert(job);
  const JobRecord first = LeaseAgain(store(), Worker(1), JobId(1));
  Append(first, {Answer(0, "old")});
  ASSERT_TRUE(store().FinishAttempt(Finish(first, v1::OUTCOME_HANDED_OVER)).ok());
  const JobRecord second = LeaseAgain(store(), Worker(1), JobId(1));
  EXPECT_EQ(second.resume_mode, v1::RESUME_MODE_RESTARTED);
  EXPECT_EQ(second.bases.back().answer(), 0u);
  EXPECT_EQ(Text(JobId(1)), "");
}

TEST_P(JobStoreContract, WorkerThatCannotGoOnGetsNoKeptText) {
  const JobRecord first = InsertLeased(1);
  Append(first, {Answer(0, "old")});
  ASSERT_TRUE(store().FinishAttempt(Finish(first, v1::OUTCOME_HANDED_OVER)).ok());
  const LeaseResult second = Lease(Worker(1), {JobId(1)});
  ASSERT_THAT(second.leased, SizeIs(1));
  EXPECT_EQ(second.leased[0].resume_mode, v1::RESUME_MODE_RESTARTED);
  EXPECT_EQ(second.leased[0].numbers.answer_bytes(), 0u);
  EXPECT_EQ(Get(JobId(1)).resume_mode, v1::RESUME_MODE_RESTARTED);
  EXPECT_EQ(Text(JobId(1)), "");
}

TEST_P(JobStoreContract, LoweredBaseDropsTheTextBehindItBeforeNewTextIsStored) {
  const JobRecord first = InsertLeased(1);
  // The base will cut through the second piece.
  Append(first, {Answer(0, "abc"), Answer(3, "defg"), Answer(7, "hij"),
                 Piece(v1::CHANNEL_THINKING, 0, "hmm")});
  ASSERT_TRUE(store().ReapWorker(first.instance, 1).ok());
  const JobRecord second = LeaseAgain(store(), Worker(2), JobId(1));
  const AppendResult lowered = Lower(store(), second, 5, 3, {Answer(5, "XY")});
  EXPECT_EQ(lowered.kept.answer, 7u);
  EXPECT_EQ(lowered.kept.thinking, 3u);
  EXPECT_EQ(Text(JobId(1)), "abcdeXY");
  EXPECT_EQ(Text(JobId(1), v1::CHANNEL_THINKING), "hmm");
  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.version, second.version);
  EXPECT_EQ(read.numbers.answer_bytes(), 7u);
  ASSERT_THAT(read.bases, SizeIs(2));
  EXPECT_EQ(read.bases[1].answer(), 5u);
  EXPECT_EQ(read.bases[1].thinking(), 3u);
  EXPECT_EQ(read.resume_mode, v1::RESUME_MODE_CONTINUED);
  const auto attempts = store().ListAttempts(JobId(1));
  ASSERT_TRUE(attempts.ok()) << attempts.status();
  EXPECT_EQ(attempts->back().base.answer, 5u);

  // The answer was lost, so it is sent again; and text goes on.
  EXPECT_EQ(Lower(store(), second, 5, 3, {Answer(5, "XY")}).kept.answer, 7u);
  EXPECT_EQ(Append(second, {Answer(7, "Z")}).kept.answer, 8u);
  EXPECT_EQ(Text(JobId(1)), "abcdeXYZ");
}

TEST_P(JobStoreContract, BaseLoweredToNothingIsARestart) {
  const JobRecord first = InsertLeased(1);
  Append(first, {Answer(0, "old"), Piece(v1::CHANNEL_THINKING, 0, "hmm")});
  ASSERT_TRUE(store().FinishAttempt(Finish(first, v1::OUTCOME_HANDED_OVER)).ok());
  const JobRecord second = LeaseAgain(store(), Worker(1), JobId(1));
  const AppendResult lowered = Lower(store(), second, 0, 0);
  EXPECT_EQ(lowered.kept.answer, 0u);
  EXPECT_EQ(lowered.kept.thinking, 0u);
  EXPECT_EQ(Get(JobId(1)).resume_mode, v1::RESUME_MODE_RESTARTED);
  EXPECT_EQ(Text(JobId(1)), "");
  EXPECT_EQ(Text(JobId(1), v1::CHANNEL_THINKING), "");
  EXPECT_EQ(Append(second, {Answer(0, "new")}).kept.answer, 3u);
  EXPECT_EQ(Text(JobId(1)), "new");
}

TEST_P(JobStoreContract, BaseIsNeverRaised) {
  const JobRecord first = InsertLeased(1);
  Append(first, {Answer(0, "0123456789")});
  ASSERT_TRUE(store().FinishAttempt(Finish(first, v1::OUTCOME_HANDED_OVER)).ok());
  const JobRecord second = LeaseAgain(store(), Worker(1), JobId(1));
  EXPECT_EQ(Lower(store(), second, 4, 0).kept.answer, 4u);
  EXPECT_EQ(Lower(store(), second, 8, 9, {Answer(4, "abc")}).kept.answer, 7u);
  EXPECT_EQ(Get(JobId(1)).bases.back().answer(), 4u);
  EXPECT_EQ(Text(JobId(1)), "0123abc");
  // A base below it drops what this attempt stored, too.
  EXPECT_EQ(Lower(store(), second, 2, 0, {Answer(2, "-")}).kept.answer, 3u);
  EXPECT_EQ(Text(JobId(1)), "01-");
}

TEST_P(JobStoreContract, BaseInsideACharacterMovesToItsBeginning) {
  const std::string emoji = "\xF0\x9F\x98\x80";
  for (const bool own_piece : {false, true}) {
    const int n = own_piece ? 2 : 1;
    const JobRecord first = InsertLeased(n);
    if (own_piece) {
      Append(first, {Answer(0, "ab"), Answer(2, emoji), Answer(6, "!")});
    } else {
      Append(first, {Answer(0, "ab" + emoji + "!")});
    }
    ASSERT_TRUE(store().FinishAttempt(Finish(first, v1::OUTCOME_HANDED_OVER)).ok());
    const JobRecord second = LeaseAgain(store(), Worker(1), JobId(n));
    EXPECT_EQ(Lower(store(), second, 4, 0).kept.answer, 2u);
    EXPECT_EQ(Text(JobId(n)), "ab");
    EXPECT_EQ(Append(second, {Answer(2, emoji)}).kept.answer, 6u);
    EXPECT_EQ(Text(JobId(n)), "ab" + emoji);
  }
}

TEST_P(JobStoreContract, LoweredBaseOfALostLeaseIsRefused) {
  const JobRecord first = InsertLeased(1);
  Append(first, {Answer(0, "kept")});
  ASSERT_TRUE(store().FinishAttempt(Finish(first, v1::OUTCOME_HANDED_OVER)).ok());
  const JobRecord second = LeaseAgain(store(), Worker(1), JobId(1));
  EXPECT_TRUE(Lower(store(), first, 0, 0).lease_lost);
  EXPECT_EQ(Text(JobId(1)), "kept");
  ASSERT_TRUE(store().FinishAttempt(Finish(second, v1::OUTCOME_HANDED_OVER)).ok());
  EXPECT_TRUE(Lower(store(), second, 0, 0).lease_lost);
  EXPECT_EQ(Text(JobId(1)), "kept");
}

TEST_P(JobStoreContract, LoweredBaseInABatchComesAfterTheTextBeforeIt) {
  const JobRecord first = InsertLeased(1);
  Append(first, {Answer(0, "0123")});
  ASSERT_TRUE(store().FinishAttempt(Finish(first, v1::OUTCOME_HANDED_OVER)).ok());
  const JobRecord second = LeaseAgain(store(), Worker(1), JobId(1));
  const JobRecord other = InsertLeased(2);
  std::vector<v1::TextAppend> appends(3);
  for (v1::TextAppend& append : appends) {
    append.set_job_id(second.job_id);
    append.set_version(second.version);
  }
  *appends[0].add_pieces() = Answer(4, "never seen");
  appends[1].set_job_id(other.job_id);
  appends[1].set_version(other.version);
  *appends[1].add_pieces() = Answer(0, "other");
  appends[2].mutable_lower_base()->set_answer(1);
  *appends[2].add_pieces() = Answer(1, "new");
  const auto results = store().AppendText(second.instance, appends);
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ((*results)[2].kept.answer, 4u);
  EXPECT_EQ(Text(JobId(1)), "0new");
  EXPECT_EQ(Text(JobId(2)), "other");
}

TEST_P(JobStoreContract, JobThatMayNotBeResumedFailsWithItsTextWhenItsWorkerIsLost) {
  for (const bool has_text : {false, true}) {
    const int n = has_text ? 2 : 1;
    NewJob job = Job(n);
    job.spec.set_resume_policy(v1::RESUME_POLICY_FAIL);
    Insert(job);
    const JobRecord leased = LeaseAgain(store(), Worker(1), JobId(n));
    if (has_text) Append(leased, {Answer(0, "so far")});
    ASSERT_TRUE(store().ReapWorker(leased.instance, 1).ok());
    const JobRecord read = Get(JobId(n));
    EXPECT_EQ(read.state, has_text ? v1::Job::STATE_FAILED : v1::Job::STATE_QUEUED);
    EXPECT_EQ(read.reason, "WORKER_LOST");
    EXPECT_NE(read.error_message, "");
    EXPECT_EQ(Text(JobId(n)), has_text ? "so far" : "");
  }
}

TEST_P(JobStoreContract, FailedJobKeepsTheTextOfAllItsAttempts) {
  JobRecord leased = InsertLeased(1);
  std::string text;
  for (int failure = 1; failure <= 3; ++failure) {
    FinishedAttempt attempt = Finish(leased, v1::OUTCOME_PASSING);
    attempt.pieces.push_back(
        Answer(static_cast<uint32_t>(text.size()), absl::StrCat(failure, ",")));
    text += absl::StrCat(failure, ",");
    ASSERT_TRUE(store().FinishAttempt(attempt).ok());
    if (failure == 3) break;
    PassTime(absl::Minutes(2));
    ASSERT_THAT(*store().TakeDueRetries(10), SizeIs(1));
    leased = LeaseAgain(store(), Worker(1), JobId(1));
  }
  EXPECT_EQ(Get(JobId(1)).state, v1::Job::STATE_FAILED);
  EXPECT_EQ(Get(JobId(1)).reason, "MODEL_UNREACHABLE");
  EXPECT_EQ(Text(JobId(1)), "1,2,3,");
}

TEST_P(JobStoreContract, FaultThatDeservesOneMoreTryGetsOneWhateverCameBefore) {
  JobRecord leased = InsertLeased(1);
  for (const v1::Outcome outcome : {v1::OUTCOME_PASSING, v1::OUTCOME_ONCE_MORE}) {
    const auto after = store().FinishAttempt(Finish(leased, outcome));
    ASSERT_TRUE(after.ok()) << after.status();
    ASSERT_EQ(after->state, v1::Job::STATE_QUEUED) << outcome;
    PassTime(absl::Minutes(2));
    ASSERT_THAT(*store().TakeDueRetries(10), SizeIs(1));
    leased = LeaseAgain(store(), Worker(1), JobId(1));
  }
  NewJob patient = Job(2);
  patient.max_failures = 10;
  Insert(patient);
  leased = LeaseAgain(store(), Worker(1), JobId(2));
  ASSERT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_ONCE_MORE)).ok());
  PassTime(absl::Minutes(2));
  ASSERT_THAT(*store().TakeDueRetries(10), SizeIs(1));
  leased = LeaseAgain(store(), Worker(1), JobId(2));
  EXPECT_EQ(leased.once_more, 1u);
  EXPECT_EQ(store().FinishAttempt(Finish(leased, v1::OUTCOME_ONCE_MORE))->state,
            v1::Job::STATE_FAILED);
}

// What a job's texts are, in a few lines.
struct TextModel {
  std::string text[2];
  uint32_t base[2] = {0, 0};

  void Begin(bool continues) {
    for (int i = 0; i < 2; ++i) {
      if (!continues) text[i].clear();
      base[i] = static_cast<uint32_t>(text[i].size());
    }
  }
  void Lower(const uint32_t to[2]) {
    for (int i = 0; i < 2; ++i) {
      if (to[i] >= base[i]) continue;
      base[i] = to[i];
      while (base[i] > 0 && (static_cast<unsigned char>(text[i][base[i]]) & 0xC0) == 0x80) {
        --base[i];
      }
      text[i].resize(base[i]);
    }
  }
  void Write(int channel, uint32_t offset, const std::string& piece) {
    std::string& kept = text[channel];
    if (offset > kept.size() || offset + piece.size() <= kept.size()) return;
    kept += piece.substr(kept.size() - offset);
  }
};

TEST_P(JobStoreContract, TextsAreThoseOfASimpleModelWhateverHappens) {
  const std::string alphabet[] = {"a", "bc", "\xC3\xB6", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto below = [&random](uint32_t n) { return static_cast<uint32_t>(random() % n); };
    const int n = static_cast<int>(seed);
    TextModel model;
    JobRecord leased = InsertLeased(n);
    for (int step = 0; step < 60; ++step) {
      switch (below(8)) {
        case 0: {
          ASSERT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_HANDED_OVER)).ok());
          const bool continues = below(6) > 0;
          if (continues) {
            leased = LeaseAgain(store(), Worker(1), JobId(n));
          } else {
            const LeaseResult result = Lease(Worker(1), {JobId(n)});
            ASSERT_THAT(result.leased, SizeIs(1));
            leased = result.leased[0];
          }
          model.Begin(continues);
          break;
        }
        case 1: {
          const uint32_t to[2] = {below(static_cast<uint32_t>(model.text[0].size()) + 3),
                                  below(static_cast<uint32_t>(model.text[1].size()) + 3)};
          model.Lower(to);
          const AppendResult result = Lower(store(), leased, to[0], to[1]);
          EXPECT_EQ(result.kept.answer, model.text[0].size());
          EXPECT_EQ(result.kept.thinking, model.text[1].size());
          break;
        }
        default: {
          const int channel = static_cast<int>(below(2));
          std::string fresh;
          for (uint32_t i = below(5) + 1; i > 0; --i) fresh += alphabet[below(5)];
          // Sometimes the worker repeats what is kept.
          const std::string& kept = model.text[channel];
          uint32_t offset = static_cast<uint32_t>(kept.size());
          if (below(4) == 0) {
            offset = model.base[channel];
            fresh = kept.substr(offset) + fresh;
          }
          model.Write(channel, offset, fresh);
          const AppendResult result = Append(
              leased,
              {Piece(channel == 0 ? v1::CHANNEL_ANSWER : v1::CHANNEL_THINKING, offset, fresh)});
          EXPECT_FALSE(result.lease_lost);
          break;
        }
      }
      ASSERT_EQ(Text(JobId(n)), model.text[0]) << "step " << step;
      ASSERT_EQ(Text(JobId(n), v1::CHANNEL_THINKING), model.text[1]) << "step " << step;
      const JobRecord read = Get(JobId(n));
      ASSERT_EQ(read.numbers.answer_bytes(), model.text[0].size());
      ASSERT_EQ(read.numbers.thinking_bytes(), model.text[1].size());
      ASSERT_EQ(read.bases.back().answer(), model.base[0]);
      ASSERT_EQ(read.bases.back().thinking(), model.base[1]);
    }
    ASSERT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).ok());
    EXPECT_EQ(Text(JobId(n)), model.text[0]);
  }
}

}  // namespace
}  // namespace genwatch
