#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "job_service/job_rows.h"
#include "job_service/list_query.h"
#include "job_service/queries.h"
#include "tests/job_service/job_store_contract.h"
#include "tests/job_service/mariadb_store_fixture.h"

// What only the real ledger has: rows that people read, and indexes that serve its statements.

namespace genwatch {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class LedgerUnderTest : public StoreUnderTest {
 public:
  LedgerUnderTest() : store_(StoreOn(PrivateMariaDb::Shared(), SharedDatabase())) {
    WipeSharedDatabase();
  }
  JobStore& store() override { return store_; }
  void PassTime(absl::Duration) override { FAIL() << "not here"; }

 private:
  MariaDbJobStore store_;
};

class LedgerTest : public JobStoreContract {
 protected:
  // The statement of the predecessor's document, word for word.
  static std::string NewestJob() {
    return Sql(
        "SELECT job_id, status, progress_percentage, current_tokens, tokens_per_second, "
        "elapsed_time FROM ai_generation_jobs ORDER BY created_at DESC LIMIT 1");
  }
};

TEST_P(LedgerTest, NewestJobIsToldTruthfullyWhileItRuns) {
  Insert(Job(1));
  EXPECT_EQ(NewestJob(), absl::StrCat(JobId(1), "\tqueued\t0.00\t0\t0.00\t0"));
  const JobRecord leased = InsertLeased(2);
  EXPECT_EQ(NewestJob(), absl::StrCat(JobId(2), "\tprocessing\t0.00\t0\t0.00\t0"));
  v1::ProgressRecord record;
  record.set_job_id(leased.job_id);
  record.set_version(leased.version);
  record.set_sequence(1);
  record.mutable_numbers()->set_percent(25);
  record.mutable_numbers()->set_current_tokens(150);
  record.mutable_numbers()->set_tokens_per_second(12.5);
  record.mutable_numbers()->set_elapsed_ms(12'000);
  ASSERT_TRUE(store().RecordProgress({record}).ok());
  EXPECT_EQ(NewestJob(), absl::StrCat(JobId(2), "\tprocessing\t25.00\t150\t12.50\t12000"));
  FinishedAttempt attempt = Finish(leased, v1::OUTCOME_COMPLETED);
  attempt.numbers.set_current_tokens(200);
  attempt.numbers.set_tokens_per_second(13.333);
  attempt.numbers.set_elapsed_ms(15'000);
  ASSERT_TRUE(store().FinishAttempt(attempt).ok());
  EXPECT_EQ(NewestJob(), absl::StrCat(JobId(2), "\tcompleted\t100.00\t200\t13.33\t15000"));
}

TEST_P(LedgerTest, TimeLeftIsNullWhileItIsUnknown) {
  const JobRecord leased = InsertLeased(1);
  const auto left = [] { return Sql("SELECT estimated_time_remaining FROM ai_generation_jobs"); };
  EXPECT_EQ(left(), "NULL");
  v1::ProgressRecord record;
  record.set_job_id(leased.job_id);
  record.set_version(leased.version);
  record.set_sequence(1);
  record.mutable_numbers()->set_remaining_ms(0);
  ASSERT_TRUE(store().RecordProgress({record}).ok());
  EXPECT_EQ(left(), "0");
}

TEST_P(LedgerTest, TimesAreUtcAndOfTheServersClock) {
  Insert(Job(1));
  const std::string age =
      Sql("SELECT ABS(TIMESTAMPDIFF(SECOND, created_at, UTC_TIMESTAMP(6))) < 60, "
          "created_at = updated_at FROM ai_generation_jobs");
  EXPECT_EQ(age, "1\t1");
}

TEST_P(LedgerTest, PromptAndModelStandInTheirColumnsOnce) {
  NewJob job = Job(1);
  job.spec.set_prompt("tell me more");
  Insert(job);
  EXPECT_EQ(Sql("SELECT prompt, model, LOCATE('tell me', spec) FROM ai_generation_jobs"),
            "tell me more\tllama\t0");
}

TEST_P(LedgerTest, EachAttemptLeavesARowThatSaysHowItEnded) {
  const JobRecord first = InsertLeased(1);
  ASSERT_TRUE(store().FinishAttempt(Finish(first, v1::OUTCOME_HANDED_OVER)).ok());
  ASSERT_EQ(Lease(Worker(1), {JobId(1)}).leased.size(), 1u);
  ASSERT_TRUE(store().ReapWorker(Worker(1).instance(), 1).ok());
  Beat(Worker(1));
  const LeaseResult third = Lease(Worker(1), {JobId(1)});
  ASSERT_EQ(third.leased.size(), 1u);
  EXPECT_EQ(Sql("SELECT attempt, version, outcome, ended_at IS NULL FROM ai_generation_attempts "
                "ORDER BY attempt"),
            "1\t2\thanded_over\t0\n2\t4\tlost\t0\n3\t6\tNULL\t1");
  ASSERT_TRUE(store().Change(Order(third.leased[0], v1::Job::STATE_CANCELLED)).ok());
  EXPECT_EQ(Sql("SELECT outcome FROM ai_generation_attempts WHERE attempt = 3"), "cancelled");
}

TEST_P(LedgerTest, NoPieceOfAnEarlierAttemptIsLeftBehind) {
  const JobRecord first = InsertLeased(1);
  Append(first, {Piece(v1::CHANNEL_ANSWER, 0, "old")});
  ASSERT_TRUE(store().FinishAttempt(Finish(first, v1::OUTCOME_HANDED_OVER)).ok());
  const LeaseResult second = Lease(Worker(1), {JobId(1)});
  ASSERT_EQ(second.leased.size(), 1u);
  Append(second.leased[0], {Piece(v1::CHANNEL_ANSWER, 0, "new")});
  EXPECT_EQ(Sql("SELECT attempt, channel, start, body FROM ai_generation_texts"), "2\t1\t0\tnew");
}

TEST_P(LedgerTest, LeaseColumnsAreNullUnlessAWorkerHasTheJob) {
  const char kLease[] =
      "SELECT instance IS NULL, worker_address IS NULL, server_url IS NULL, server_model_id IS "
      "NULL, lease_heartbeat IS NULL FROM ai_generation_jobs";
  const JobRecord leased = InsertLeased(1);
  EXPECT_EQ(Sql(kLease), "0\t0\t0\t0\t0");
  ASSERT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_PASSING)).ok());
  EXPECT_EQ(Sql(kLease), "1\t1\t1\t1\t1");
}

// The index that the comment in queries.h promises is the one that MariaDB takes.
TEST_P(LedgerTest, StatementsUseTheirIndexes) {
  Sql("INSERT INTO ai_generation_jobs (job_id, owner_id, request_id, spec_hash, status, version, "
      "model, "
      "prompt, spec, priority, max_failures, created_at, updated_at, not_before, instance, "
      "server_model_id) "
      "SELECT CONCAT('job_', LPAD(HEX(seq), 32, '0')), CONCAT('owner', seq % 50), CONCAT('r', "
      "seq), 'h', "
      "ELT(1 + (seq % 100 = 0) + (seq % 100 = 1), 'completed', 'queued', 'processing'), 2, 'm', "
      "'p', 's', 2, 3, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), "
      "IF(seq % 200 = 0, UTC_TIMESTAMP(6), NULL), "
      "IF(seq % 100 = 1, CONCAT('w_', seq % 7), NULL), IF(seq % 100 = 1, seq % 3, NULL) "
      "FROM seq_1_to_20000; "
      "INSERT INTO ai_generation_lengths (model, job_class, think, tokens, censored, chunks, "
      "eval_ms, first_token_ms, load_ms, prompt_bytes, prompt_tokens, prompt_eval_ms) "
      "SELECT CONCAT('m', seq % 10), CONCAT('c', seq % 5), 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 "
      "FROM seq_1_to_5000; "
      "INSERT INTO ai_generation_attempts (job, attempt, version, model, instance, "
      "worker_address, server_url, alone, base_answer, base_thinking, leased_at) "
      "SELECT seq, 1, 2, CONCAT('m', seq % 10), 'w', 'a', 's', 0, 0, 0, UTC_TIMESTAMP(6) "
      "FROM seq_1_to_5000; "
      "UPDATE ai_generation_jobs SET attempt = 1; "
      "INSERT INTO ai_generation_texts SELECT 1 + seq DIV 50, 1, 1 + seq % 2, 10 * (seq % 50), "
      "'0123456789' FROM seq_1_to_5000; "
      "INSERT INTO ai_generation_estimate_samples (model, share, told_ms, told_low_ms, "
      "told_high_ms, true_ms, ended_at) "
      "SELECT CONCAT('m', seq % 10), 25, 1, 1, 1, 1, UTC_TIMESTAMP(6) FROM seq_1_to_5000; "
      "ANALYZE TABLE ai_generation_jobs, ai_generation_lengths, ai_generation_attempts, "
      "ai_generation_texts, ai_generation_estimate_samples");
  auto connection =
      mariadb::Connection::Open(ConnectionTo(PrivateMariaDb::Shared(), SharedDatabase()));
  ASSERT_TRUE(connection.ok()) << connection.status();
  // table:access:index, of each line of the plan.
  const auto plan = [&connection](std::string_view sql, absl::Span<const mariadb::Param> params) {
    const auto rows = (*connection)->Query(absl::StrCat("EXPLAIN ", std::string(sql)), params);
    EXPECT_TRUE(rows.ok()) << rows.status() << std::string(sql);
    std::string text;
    for (const mariadb::Row& row : rows.value_or(std::vector<mariadb::Row>())) {
      mariadb::RowReader reader(row, 2);
      const std::string table = reader.Text();
      const std::string access = reader.Text();
      reader.Text();
      absl::StrAppend(&text, table, ":", access, ":", reader.Text(), " ");
    }
    return text;
  };
  const std::vector<std::string> ids = {JobId(0x64), JobId(0x65), JobId(0xC9)};
  const IdQuery get = WithIds(queries::kGetJobs, ids);
  EXPECT_THAT(plan(get.sql, get.params),
              AllOf(HasSubstr("j:range:uk_job_id"), HasSubstr("a:ref:PRIMARY"),
                    HasSubstr("uk_retry_of"), Not(HasSubstr("ALL"))));
  const IdQuery lock = WithIds(queries::kLockJobs, ids);
  EXPECT_THAT(plan(lock.sql, lock.params),
              AllOf(HasSubstr("j:range:uk_job_id"), Not(HasSubstr("ALL"))));
  const IdQuery leases = WithIds(queries::kLockLeases, ids);
  EXPECT_THAT(plan(leases.sql, leases.params), HasSubstr(":range:uk_job_id"));
  EXPECT_THAT(plan(queries::kListWaiting, {0, 100}), HasSubstr("j:range:k_status_not_before"));
  EXPECT_THAT(plan(queries::kLockDueRetries, {100}), HasSubstr("j:range:k_status_not_before"));
  EXPECT_THAT(plan(queries::kLockExpired, {100}), HasSubstr("j:range:k_waiting_deadline"));
  EXPECT_THAT(plan(queries::kLeasesOfInstance, {"w_1"}), HasSubstr(":ref:k_instance"));
  EXPECT_THAT(plan(queries::kJobsOfInstance, {"w_1"}), HasSubstr("j:ref:k_instance"));
  EXPECT_THAT(plan(queries::kLeaseSituation, {1, "m", "w_1", "w_1"}),
              AllOf(HasSubstr(":ref:k_server_model"), HasSubstr(":ref:k_instance"),
                    Not(HasSubstr(":ALL"))));
  EXPECT_THAT(plan(queries::kListActive, {"owner7", 100}), HasSubstr(":k_owner_status"));
  EXPECT_THAT(plan(queries::kFindRequest, {"owner7", "r7"}), HasSubstr("uk_request"));
  // The derived table has as many rows as are answered.
  const auto list = [&plan](const JobFilter& filter) {
    const ListQuery query(filter, 15'000, 50);
    return plan(query.sql(), query.params());
  };
  EXPECT_THAT(list({.owner_id = "owner7"}),
              AllOf(HasSubstr("l:range:k_owner "), HasSubstr("j:eq_ref:PRIMARY")));
  EXPECT_THAT(list({.owner_id = "owner7", .labels = {{"team", "blue"}}}),
              HasSubstr("l:range:k_owner "));
  EXPECT_THAT(list({.owner_id = "owner7", .label_keys = {"kind"}}),
              AllOf(HasSubstr("l:range:k_owner_kind "), HasSubstr("j:eq_ref:PRIMARY")));
  EXPECT_THAT(list({.owner_id = "owner7",
                    .states = {v1::Job::STATE_COMPLETED},
                    .labels = {{"kind", "app"}}}),
              HasSubstr("l:range:k_owner_kind "));
  EXPECT_THAT(list({.owner_id = "owner7",
                    .states = {v1::Job::STATE_QUEUED, v1::Job::STATE_PROCESSING},
                    .label_keys = {"kind"}}),
              HasSubstr("l:range:k_owner_status "));
  EXPECT_THAT(plan(queries::kSamplesOfModel, {"m1", 500}), HasSubstr(":ref:k_model"));
  EXPECT_THAT(plan(queries::kSamplesOfAllModels, {500}), HasSubstr(":index:PRIMARY"));
  EXPECT_THAT(plan(queries::kNewestSpareSample, {"m1", 1500}), HasSubstr(":ref:k_model"));
  EXPECT_THAT(
      plan(queries::kReadText, {1, 1, 0, 1, 0, 1, 250, 300, JobId(0x64)}),
      AllOf(HasSubstr("j:const:uk_job_id"), HasSubstr("t:range:PRIMARY"), Not(HasSubstr("ALL"))));
  EXPECT_THAT(plan(queries::kRecordProgress, {"[]"}), HasSubstr("j:eq_ref:uk_job_id"));
  EXPECT_THAT(plan(queries::kClassLengths, {"m1", "c1", 0, 512}), HasSubstr(":ref:k_class"));
  EXPECT_THAT(plan(queries::kModelLessons, {"m1", 64}), HasSubstr(":ref:k_model"));
  EXPECT_THAT(plan(queries::kAllLengths, {512}), HasSubstr(":index:PRIMARY"));
  EXPECT_THAT(plan(queries::kRecentLeases, {"m1"}), HasSubstr(":range:k_model_leased"));
  EXPECT_THAT(plan("SELECT job_id, status, progress_percentage, current_tokens, "
                   "tokens_per_second, elapsed_time FROM ai_generation_jobs "
                   "ORDER BY created_at DESC LIMIT 1",
                   {}),
              HasSubstr(":index:k_created"));
}

TEST_P(LedgerTest, AJobThatCannotBeStoredTakesNoOtherWithIt) {
  // The column of owners is ASCII.
  const auto inserted = store().InsertMany({Job(1), Job(2, "\xD0\x90"), Job(3)});
  EXPECT_TRUE(inserted[0].ok()) << inserted[0].status();
  EXPECT_FALSE(inserted[1].ok());
  EXPECT_TRUE(inserted[2].ok()) << inserted[2].status();
  EXPECT_EQ(Sql("SELECT COUNT(*) FROM ai_generation_jobs"), "2");
}

TEST_P(LedgerTest, ManyInsertsAndManyEndsAreOneCommitEach) {
  const auto commits = [] { return Sql("SHOW GLOBAL STATUS LIKE 'Com_commit'"); };
  std::vector<NewJob> jobs;
  std::vector<FinishedAttempt> attempts;
  for (int i = 1; i <= 64; ++i) jobs.push_back(Job(i));
  const std::string before = commits();
  for (const auto& job : store().InsertMany(jobs)) ASSERT_TRUE(job.ok()) << job.status();
  const std::string inserted = commits();
  std::vector<std::string> job_ids;
  for (const NewJob& job : jobs) job_ids.push_back(job.job_id);
  Beat(Worker(1));
  for (const JobRecord& leased : Lease(Worker(1), job_ids).leased) {
    attempts.push_back(Finish(leased, v1::OUTCOME_COMPLETED));
  }
  const std::string leased = commits();
  for (const auto& job : store().FinishAttempts(attempts)) ASSERT_TRUE(job.ok()) << job.status();
  const auto number = [](const std::string& line) {
    int count = 0;
    EXPECT_TRUE(absl::SimpleAtoi(line.substr(line.find('\t') + 1), &count)) << line;
    return count;
  };
  EXPECT_EQ(attempts.size(), 64u);
  EXPECT_EQ(number(inserted) - number(before), 1);
  EXPECT_EQ(number(leased) - number(inserted), 1);
  EXPECT_EQ(number(commits()) - number(leased), 1);
}

INSTANTIATE_TEST_SUITE_P(MariaDb, LedgerTest,
                         testing::Values(StoreMaker{
                             "MariaDb", [] { return std::make_unique<LedgerUnderTest>(); }}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace genwatch
