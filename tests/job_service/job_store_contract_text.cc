#include <limits>

#include "tests/job_service/job_store_contract.h"

namespace genwatch {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST_P(JobStoreContract, AppendedTextReadsBackByChannel) {
  const JobRecord leased = InsertLeased(1);
  AppendResult result =
      Append(leased, {Piece(v1::CHANNEL_THINKING, 0, "hm"), Piece(v1::CHANNEL_ANSWER, 0, "Hel")});
  EXPECT_FALSE(result.lease_lost);
  EXPECT_EQ(result.kept.answer, 3u);
  EXPECT_EQ(result.kept.thinking, 2u);
  result = Append(leased, {Piece(v1::CHANNEL_ANSWER, 3, "lo"), Piece(v1::CHANNEL_ANSWER, 5, "!")});
  EXPECT_EQ(result.kept.answer, 6u);
  EXPECT_EQ(Text(JobId(1)), "Hello!");
  EXPECT_EQ(Text(JobId(1), v1::CHANNEL_THINKING), "hm");
  EXPECT_EQ(Get(JobId(1)).numbers.answer_bytes(), 6u);
  // Text is no change of state.
  EXPECT_EQ(Get(JobId(1)).version, leased.version);
}

TEST_P(JobStoreContract, TextSentAgainAfterALostAnswerIsKeptOnce) {
  const JobRecord leased = InsertLeased(1);
  Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, "Hello ")});
  // The same and more, in other pieces.
  const AppendResult result =
      Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, "Hel"), Piece(v1::CHANNEL_ANSWER, 3, "lo wor"),
                      Piece(v1::CHANNEL_ANSWER, 9, "ld")});
  EXPECT_EQ(result.kept.answer, 11u);
  EXPECT_EQ(Text(JobId(1)), "Hello world");
}

TEST_P(JobStoreContract, TextBehindAGapIsNotKept) {
  const JobRecord leased = InsertLeased(1);
  AppendResult result =
      Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, "abc"), Piece(v1::CHANNEL_ANSWER, 5, "fgh"),
                      Piece(v1::CHANNEL_THINKING, 0, "ok")});
  EXPECT_EQ(result.kept.answer, 3u);
  EXPECT_EQ(result.kept.thinking, 2u);
  result = Append(leased, {Piece(v1::CHANNEL_ANSWER, 3, "defgh")});
  EXPECT_EQ(result.kept.answer, 8u);
  EXPECT_EQ(Text(JobId(1)), "abcdefgh");
}

TEST_P(JobStoreContract, TextOfALostLeaseIsRefused) {
  const JobRecord leased = InsertLeased(1);
  JobRecord stale = leased;
  stale.version = leased.version - 1;
  EXPECT_TRUE(Append(stale, {Piece(v1::CHANNEL_ANSWER, 0, "no")}).lease_lost);
  JobRecord foreign = leased;
  foreign.instance = Worker(2).instance();
  EXPECT_TRUE(Append(foreign, {Piece(v1::CHANNEL_ANSWER, 0, "no")}).lease_lost);
  JobRecord unknown = leased;
  unknown.job_id = JobId(9);
  EXPECT_TRUE(Append(unknown, {Piece(v1::CHANNEL_ANSWER, 0, "no")}).lease_lost);
  EXPECT_EQ(Text(JobId(1)), "");
  ASSERT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).ok());
  EXPECT_TRUE(Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, "late")}).lease_lost);
  EXPECT_EQ(Text(JobId(1)), "");
}

TEST_P(JobStoreContract, BatchOfAppendsIsAnsweredInOrder) {
  const JobRecord a = InsertLeased(2);
  const JobRecord b = InsertLeased(1);
  std::vector<v1::TextAppend> appends(4);
  const auto fill = [](v1::TextAppend& append, const JobRecord& job, const v1::TextPiece& piece) {
    append.set_job_id(job.job_id);
    append.set_version(job.version);
    *append.add_pieces() = piece;
  };
  fill(appends[0], a, Piece(v1::CHANNEL_ANSWER, 0, "a"));
  fill(appends[1], b, Piece(v1::CHANNEL_ANSWER, 0, "bb"));
  fill(appends[2], a, Piece(v1::CHANNEL_ANSWER, 1, "aa"));
  fill(appends[3], b, Piece(v1::CHANNEL_ANSWER, 2, "b"));
  appends[3].set_version(99);
  const auto results = store().AppendText(a.instance, appends);
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_THAT(*results, SizeIs(4));
  EXPECT_EQ((*results)[0].kept.answer, 1u);
  EXPECT_EQ((*results)[1].kept.answer, 2u);
  EXPECT_EQ((*results)[2].kept.answer, 3u);
  EXPECT_TRUE((*results)[3].lease_lost);
  EXPECT_EQ(Text(a.job_id), "aaa");
  EXPECT_EQ(Text(b.job_id), "bb");
  EXPECT_TRUE(store().AppendText(a.instance, {})->empty());
}

// The predecessor kept texts in a 64 KiB column: a long answer failed after all the work was done.
TEST_P(JobStoreContract, TextLongerThan64KibIsKeptWhole) {
  const JobRecord leased = InsertLeased(1);
  std::string text;
  while (text.size() < (1 << 20)) text += "0123456789 \xF0\x9F\x98\x80 Пример ";
  uint32_t offset = 0;
  while (offset < text.size()) {
    const std::string piece = text.substr(offset, 300'000);
    offset = Append(leased, {Piece(v1::CHANNEL_ANSWER, offset, piece)}).kept.answer;
  }
  FinishedAttempt attempt = Finish(leased, v1::OUTCOME_COMPLETED);
  attempt.pieces.push_back(Piece(v1::CHANNEL_ANSWER, offset, std::string(1 << 20, 'z')));
  const auto done = store().FinishAttempt(attempt);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->numbers.answer_bytes(), text.size() + (1 << 20));
  EXPECT_TRUE(Text(JobId(1)) == text + std::string(1 << 20, 'z'));
}

TEST_P(JobStoreContract, TextMayHoldZerosQuotesAndEmoji) {
  const JobRecord leased = InsertLeased(1);
  const std::string text = std::string("a\0b", 3) + "'; DROP TABLE x; --\\\" \xF0\x9F\x92\xA1";
  Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, text)});
  EXPECT_EQ(Text(JobId(1)), text);
}

TEST_P(JobStoreContract, TextIsReadFromAnyOffset) {
  const JobRecord leased = InsertLeased(1);
  std::string text;
  for (int i = 0; i < 20; ++i) {
    const std::string piece = std::string(i % 3 + 1, static_cast<char>('a' + i));
    Append(leased, {Piece(v1::CHANNEL_ANSWER, static_cast<uint32_t>(text.size()), piece)});
    text += piece;
  }
  for (uint32_t from = 0; from <= text.size(); ++from) {
    for (const size_t limit : {0u, 1u, 5u, 100u}) {
      const auto read = store().ReadText(JobId(1), v1::CHANNEL_ANSWER, from, limit);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(read->text, text.substr(from, limit)) << from << " " << limit;
      EXPECT_EQ(read->offset, from);
      EXPECT_EQ(read->text_length, text.size());
      EXPECT_EQ(read->version, leased.version);
      EXPECT_EQ(read->state, v1::Job::STATE_PROCESSING);
    }
  }
  EXPECT_TRUE(absl::IsOutOfRange(
      store()
          .ReadText(JobId(1), v1::CHANNEL_ANSWER, static_cast<uint32_t>(text.size()) + 1, 5)
          .status()));
}

TEST_P(JobStoreContract, TextIsCutBetweenCharactersOnly) {
  const JobRecord leased = InsertLeased(1);
  const std::string emoji = "\xF0\x9F\x98\x80";
  // A piece border inside of no character, but characters of four bytes on both sides.
  Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, "ab" + emoji), Piece(v1::CHANNEL_ANSWER, 6, emoji)});
  const auto read = [this](uint32_t offset, size_t limit) {
    const auto result = store().ReadText(JobId(1), v1::CHANNEL_ANSWER, offset, limit);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(TextRead());
  };
  EXPECT_EQ(read(0, 2).text, "ab");
  EXPECT_EQ(read(0, 3).text, "ab");
  EXPECT_EQ(read(0, 5).text, "ab");
  EXPECT_EQ(read(0, 6).text, "ab" + emoji);
  EXPECT_EQ(read(0, 9).text, "ab" + emoji);
  EXPECT_EQ(read(0, 10).text, "ab" + emoji + emoji);
  EXPECT_EQ(read(3, 100).text, emoji);
  EXPECT_EQ(read(3, 100).offset, 6u);
  EXPECT_EQ(read(7, 100).text, "");
  EXPECT_EQ(read(7, 100).offset, 10u);
}

TEST_P(JobStoreContract, WaitingJobHasAnEmptyText) {
  Insert(Job(1));
  const auto read = store().ReadText(JobId(1), v1::CHANNEL_ANSWER, 0, 10);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->text, "");
  EXPECT_EQ(read->version, 1u);
}

TEST_P(JobStoreContract, ProgressOfTheLeaseIsStored) {
  const JobRecord leased = InsertLeased(1);
  v1::ProgressRecord record;
  record.set_job_id(leased.job_id);
  record.set_version(leased.version);
  record.set_sequence(7);
  v1::JobNumbers& numbers = *record.mutable_numbers();
  numbers.set_percent(37.5);
  numbers.set_current_tokens(150);
  numbers.set_tokens_estimated(true);
  numbers.set_tokens_per_second(12.5);
  numbers.set_chars_per_second(50.25);
  numbers.set_elapsed_ms(12'000);
  numbers.set_remaining_ms(20'000);
  numbers.set_remaining_low_ms(10'000);
  numbers.set_remaining_high_ms(40'000);
  numbers.set_first_token_ms(900);
  numbers.set_answer_bytes(4711);
  const auto recorded = store().RecordProgress({record});
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  EXPECT_EQ(*recorded, 1u);

  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.numbers.percent(), 37.5);
  EXPECT_EQ(read.numbers.current_tokens(), 150u);
  EXPECT_TRUE(read.numbers.tokens_estimated());
  EXPECT_EQ(read.numbers.tokens_per_second(), 12.5);
  EXPECT_EQ(read.numbers.chars_per_second(), 50.25);
  EXPECT_EQ(read.numbers.elapsed_ms(), 12'000u);
  EXPECT_EQ(read.numbers.remaining_ms(), 20'000u);
  EXPECT_EQ(read.numbers.remaining_low_ms(), 10'000u);
  EXPECT_EQ(read.numbers.remaining_high_ms(), 40'000u);
  EXPECT_EQ(read.numbers.first_token_ms(), 900u);
  EXPECT_FALSE(read.numbers.has_prompt_tokens());
  // What is kept is the ledger's own knowledge.
  EXPECT_EQ(read.numbers.answer_bytes(), 0u);
  EXPECT_EQ(read.progress_sequence, 7u);
  EXPECT_TRUE(read.last_update_at.has_value());
  EXPECT_EQ(read.version, leased.version);

  // Unknown again.
  record.set_sequence(8);
  numbers.clear_remaining_ms();
  numbers.set_prompt_tokens(5);
  EXPECT_EQ(*store().RecordProgress({record}), 1u);
  EXPECT_FALSE(Get(JobId(1)).numbers.has_remaining_ms());
  EXPECT_EQ(Get(JobId(1)).numbers.prompt_tokens(), 5u);
}

TEST_P(JobStoreContract, OldOrForeignProgressChangesNothing) {
  const JobRecord leased = InsertLeased(1);
  Insert(Job(2));
  const auto record = [](const std::string& job_id, uint32_t version, uint32_t sequence,
                         uint32_t tokens) {
    v1::ProgressRecord progress;
    progress.set_job_id(job_id);
    progress.set_version(version);
    progress.set_sequence(sequence);
    progress.mutable_numbers()->set_current_tokens(tokens);
    progress.mutable_numbers()->set_elapsed_ms(tokens);
    return progress;
  };
  EXPECT_EQ(*store().RecordProgress({record(JobId(1), leased.version, 5, 50)}), 1u);
  const auto recorded = store().RecordProgress(
      {record(JobId(1), leased.version, 5, 51), record(JobId(1), leased.version, 4, 52),
       record(JobId(1), leased.version - 1, 9, 53), record(JobId(1), leased.version + 1, 9, 54),
       record(JobId(2), 1, 9, 55), record(JobId(3), 1, 9, 56), record("\"}]\xC3\xB6", 1, 9, 57)});
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  EXPECT_EQ(*recorded, 0u);
  EXPECT_EQ(Get(JobId(1)).numbers.current_tokens(), 50u);
  EXPECT_EQ(Get(JobId(2)).numbers.current_tokens(), 0u);
  EXPECT_EQ(*store().RecordProgress({}), 0u);
}

TEST_P(JobStoreContract, RecordedNumbersStayWithinTheirColumns) {
  const JobRecord leased = InsertLeased(1);
  v1::ProgressRecord record;
  record.set_job_id(leased.job_id);
  record.set_version(leased.version);
  record.set_sequence(1);
  record.mutable_numbers()->set_percent(100);
  record.mutable_numbers()->set_tokens_per_second(1e300);
  record.mutable_numbers()->set_chars_per_second(std::numeric_limits<double>::quiet_NaN());
  record.mutable_numbers()->set_current_tokens(4'294'967'295u);
  const auto recorded = store().RecordProgress({record});
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  const JobRecord read = Get(JobId(1));
  // 100 is for what is stored.
  EXPECT_LT(read.numbers.percent(), 100);
  EXPECT_GT(read.numbers.percent(), 90);
  EXPECT_EQ(read.numbers.chars_per_second(), 0);
  EXPECT_EQ(read.numbers.current_tokens(), 4'294'967'295u);
}

TEST_P(JobStoreContract, ElapsedTimeNeverFalls) {
  const JobRecord leased = InsertLeased(1);
  v1::ProgressRecord record;
  record.set_job_id(leased.job_id);
  record.set_version(leased.version);
  record.set_sequence(1);
  record.mutable_numbers()->set_elapsed_ms(5000);
  ASSERT_TRUE(store().RecordProgress({record}).ok());
  FinishedAttempt attempt = Finish(leased, v1::OUTCOME_COMPLETED);
  attempt.numbers.set_elapsed_ms(4000);
  const auto done = store().FinishAttempt(attempt);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(Get(JobId(1)).numbers.elapsed_ms(), 5000u);
}

}  // namespace
}  // namespace genwatch
