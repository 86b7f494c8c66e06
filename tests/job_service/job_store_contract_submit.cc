#include "tests/job_service/job_store_contract.h"

namespace genwatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> Ids(const std::vector<JobRecord>& jobs) {
  std::vector<std::string> ids;
  for (const JobRecord& job : jobs) ids.push_back(job.job_id);
  return ids;
}

TEST_P(JobStoreContract, InsertedJobWaitsAndReadsBackWhole) {
  NewJob job = Job(1);
  job.request_id = "r-1";
  job.max_failures = 5;
  job.spec.set_system("be brief");
  job.spec.set_job_class("title");
  job.spec.set_think(v1::THINKING_HIGH);
  job.spec.set_priority(v1::PRIORITY_HIGH);
  job.spec.mutable_options()->set_num_predict(7);
  job.spec.mutable_options()->set_temperature(0.25);
  (*job.spec.mutable_labels())["team"] = "blue";
  job.spec.mutable_deadlines()->set_waiting_ms(60'000);
  const auto inserted = store().Insert(job);
  ASSERT_TRUE(inserted.ok()) << inserted.status();
  EXPECT_FALSE(inserted->existed);

  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.row_id, inserted->job.row_id);
  EXPECT_EQ(read.owner_id, "ann");
  EXPECT_EQ(read.request_id, "r-1");
  EXPECT_EQ(read.state, v1::Job::STATE_QUEUED);
  EXPECT_EQ(read.version, 1u);
  EXPECT_EQ(read.max_failures, 5u);
  EXPECT_EQ(read.attempt, 0u);
  EXPECT_EQ(read.spec.SerializeAsString(), job.spec.SerializeAsString());
  EXPECT_EQ(inserted->job.spec.SerializeAsString(), job.spec.SerializeAsString());
  EXPECT_EQ(read.created_at, inserted->job.created_at);
  EXPECT_EQ(read.waiting_deadline, read.created_at + absl::Seconds(60));
  EXPECT_EQ(read.started_at, std::nullopt);
  EXPECT_EQ(read.completed_at, std::nullopt);
  EXPECT_EQ(read.numbers.percent(), 0);
  EXPECT_FALSE(read.numbers.has_remaining_ms());
  EXPECT_FALSE(read.numbers.has_prompt_tokens());
  EXPECT_THAT(read.bases, IsEmpty());
  EXPECT_FALSE(read.score.has_value());
}

TEST_P(JobStoreContract, TextThatLooksLikeSqlOrHasZerosOrEmojiIsOnlyText) {
  const std::string nasty = std::string("'; DROP TABLE ai_generation_jobs; -- \" \\ % _ ") +
                            std::string("\0 ?", 3) + " \xF0\x9F\x98\x80 Привет \x7F";
  NewJob job = Job(1, "o'wner \"; --");
  job.spec.set_prompt(nasty);
  job.spec.set_system(nasty);
  job.spec.set_model("модель:7b '\"\\");
  (*job.spec.mutable_labels())["k"] = nasty;
  Insert(job);
  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.spec.SerializeAsString(), job.spec.SerializeAsString());
  EXPECT_EQ(read.owner_id, job.owner_id);
  JobFilter filter{.owner_id = job.owner_id, .model = job.spec.model(), .labels = {{"k", nasty}}};
  const auto listed = store().List(filter, 0, 10);
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_THAT(Ids(*listed), ElementsAre(JobId(1)));
}

TEST_P(JobStoreContract, PromptOf64KibIsKept) {
  NewJob job = Job(1);
  job.spec.set_prompt(std::string(64 << 10, 'x') + "end");
  Insert(job);
  EXPECT_EQ(Get(JobId(1)).spec.prompt(), job.spec.prompt());
}

TEST_P(JobStoreContract, SameRequestAgainAnswersTheFirstJob) {
  NewJob job = Job(1);
  job.request_id = "r-1";
  Insert(job);
  NewJob again = job;
  again.job_id = JobId(2);
  const auto second = store().Insert(again);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(second->existed);
  EXPECT_EQ(second->job.job_id, JobId(1));
  EXPECT_TRUE(absl::IsNotFound(store().Get(JobId(2)).status()));
}

TEST_P(JobStoreContract, RequestIdWithAnotherSpecIsRefused) {
  NewJob job = Job(1);
  job.request_id = "r-1";
  Insert(job);
  NewJob other = Job(2);
  other.request_id = "r-1";
  EXPECT_THAT(store().Insert(other).status(),
              FailsWith(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED"));
}

TEST_P(JobStoreContract, RequestIdsOfDifferentOwnersDoNotMeet) {
  NewJob job = Job(1, "ann");
  job.request_id = "r-1";
  Insert(job);
  NewJob other = Job(2, "bob");
  other.request_id = "r-1";
  const auto inserted = store().Insert(other);
  ASSERT_TRUE(inserted.ok()) << inserted.status();
  EXPECT_FALSE(inserted->existed);
}

TEST_P(JobStoreContract, OwnersAndRequestIdsDifferInCaseAndTrailingSpaces) {
  NewJob job = Job(1, "ann");
  job.request_id = "r";
  Insert(job);
  NewJob other = Job(2, "Ann");
  other.request_id = "r";
  EXPECT_FALSE(store().Insert(other)->existed);
  other = Job(3, "ann");
  other.request_id = "R";
  EXPECT_FALSE(store().Insert(other)->existed);
  other.job_id = JobId(4);
  other.request_id = "r ";
  EXPECT_FALSE(store().Insert(other)->existed);
}

TEST_P(JobStoreContract, JobsWithoutRequestIdNeverMeet) {
  Insert(Job(1));
  NewJob other = Job(1);
  other.job_id = JobId(2);
  EXPECT_FALSE(store().Insert(other)->existed);
}

TEST_P(JobStoreContract, SecondRetryAnswersTheFirst) {
  Insert(Job(1));
  NewJob retry = Job(2);
  retry.retry_of = JobId(1);
  Insert(retry);
  NewJob second = Job(3);
  second.retry_of = JobId(1);
  const auto inserted = store().Insert(second);
  ASSERT_TRUE(inserted.ok()) << inserted.status();
  EXPECT_TRUE(inserted->existed);
  EXPECT_EQ(inserted->job.job_id, JobId(2));
  EXPECT_EQ(Get(JobId(1)).retried_as, JobId(2));
  EXPECT_EQ(Get(JobId(2)).retry_of, JobId(1));
}

TEST_P(JobStoreContract, RetryOfAnothersOrUnknownJobIsNotFound) {
  Insert(Job(1, "ann"));
  NewJob retry = Job(2, "bob");
  retry.retry_of = JobId(1);
  EXPECT_THAT(store().Insert(retry).status(),
              FailsWith(absl::StatusCode::kNotFound, "JOB_NOT_FOUND"));
  retry.retry_of = JobId(99);
  EXPECT_THAT(store().Insert(retry).status(),
              FailsWith(absl::StatusCode::kNotFound, "JOB_NOT_FOUND"));
}

TEST_P(JobStoreContract, UnknownIdsAreNotFoundAndAbsent) {
  Insert(Job(1));
  for (const std::string& id : {std::string("job_x"), std::string(), std::string("job_\xC3\xB6"),
                                std::string(500, 'a'), JobId(1) + " ", std::string("job_\0", 5)}) {
    EXPECT_THAT(store().Get(id).status(), FailsWith(absl::StatusCode::kNotFound, "JOB_NOT_FOUND"))
        << id;
    EXPECT_TRUE(absl::IsNotFound(store().ReadText(id, v1::CHANNEL_ANSWER, 0, 10).status())) << id;
  }
  const auto many = store().GetMany({JobId(2), JobId(1), "job_\xC3\xB6", "", JobId(1)});
  ASSERT_TRUE(many.ok()) << many.status();
  EXPECT_THAT(Ids(*many), ElementsAre(JobId(1)));
}

TEST_P(JobStoreContract, GetManyReadsMoreJobsThanOneQueryHolds) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1500; ++i) ids.push_back(JobId(i));
  Insert(Job(3));
  Insert(Job(1400));
  const auto many = store().GetMany(ids);
  ASSERT_TRUE(many.ok()) << many.status();
  EXPECT_THAT(*many, SizeIs(2));
}

TEST_P(JobStoreContract, BriefRecordsLeaveOutThePrompt) {
  NewJob job = Job(1);
  job.spec.set_priority(v1::PRIORITY_HIGH);
  job.spec.set_job_class("title");
  job.spec.set_system("long");
  Insert(job);
  const auto many = store().GetManyBriefly({JobId(1)});
  ASSERT_TRUE(many.ok()) << many.status();
  ASSERT_THAT(*many, SizeIs(1));
  const v1::JobSpec& spec = many->front().spec;
  EXPECT_EQ(spec.model(), "llama");
  EXPECT_EQ(spec.priority(), v1::PRIORITY_HIGH);
  EXPECT_EQ(spec.job_class(), "title");
  EXPECT_EQ(spec.prompt(), "");
  EXPECT_EQ(spec.system(), "");
}

TEST_P(JobStoreContract, ListPagesFromTheNewestDown) {
  for (int i = 1; i <= 5; ++i) Insert(Job(i));
  const JobFilter filter{.owner_id = "ann"};
  const auto first = store().List(filter, 0, 2);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(Ids(*first), ElementsAre(JobId(5), JobId(4)));
  const auto second = store().List(filter, first->back().row_id, 2);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_THAT(Ids(*second), ElementsAre(JobId(3), JobId(2)));
  const auto third = store().List(filter, second->back().row_id, 2);
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_THAT(Ids(*third), ElementsAre(JobId(1)));
}

TEST_P(JobStoreContract, ListFiltersByOwnerStateModelAndLabels) {
  NewJob job = Job(1);
  (*job.spec.mutable_labels())["team"] = "blue";
  (*job.spec.mutable_labels())["tier"] = "a";
  Insert(job);
  NewJob other_model = Job(2);
  other_model.spec.set_model("qwen");
  (*other_model.spec.mutable_labels())["team"] = "blue";
  Insert(other_model);
  Insert(Job(3, "bob"));
  InsertLeased(4);

  const auto ids = [this](const JobFilter& filter) {
    const auto jobs = store().List(filter, 0, 10);
    EXPECT_TRUE(jobs.ok()) << jobs.status();
    return Ids(jobs.value_or(std::vector<JobRecord>()));
  };
  EXPECT_THAT(ids({.owner_id = "bob"}), ElementsAre(JobId(3)));
  EXPECT_THAT(ids({.owner_id = "nobody"}), IsEmpty());
  EXPECT_THAT(ids({.owner_id = "n\xC3\xB6"}), IsEmpty());
  EXPECT_THAT(ids({.owner_id = "ann", .states = {v1::Job::STATE_PROCESSING}}),
              ElementsAre(JobId(4)));
  EXPECT_THAT(
      ids({.owner_id = "ann", .states = {v1::Job::STATE_PROCESSING, v1::Job::STATE_QUEUED}}),
      ElementsAre(JobId(4), JobId(2), JobId(1)));
  EXPECT_THAT(ids({.model = "qwen"}), ElementsAre(JobId(2)));
  EXPECT_THAT(ids({.labels = {{"team", "blue"}}}), ElementsAre(JobId(2), JobId(1)));
  EXPECT_THAT(ids({.labels = {{"team", "blue"}, {"tier", "a"}}}), ElementsAre(JobId(1)));
  EXPECT_THAT(ids({.labels = {{"team", "red"}}}), IsEmpty());
}

TEST_P(JobStoreContract, PostsAreListedByTheirKeyWhateverTheirKind) {
  const auto post = [this](int n, const std::string& kind, const std::string& owner = "ann") {
    NewJob job = Job(n, owner);
    (*job.spec.mutable_labels())[kKindLabel] = kind;
    (*job.spec.mutable_labels())["team.a/b"] = "blue";
    Insert(job);
  };
  post(1, "prompt");
  Insert(Job(2));
  post(3, "app");
  post(4, "app", "bob");
  NewJob labelled = Job(5);
  (*labelled.spec.mutable_labels())["kinds"] = "x";
  Insert(labelled);
  post(6, "");
  InsertLeased(7);
  ASSERT_TRUE(store().Change(Order(Get(JobId(3)), v1::Job::STATE_CANCELLED)).ok());

  const auto ids = [this](const JobFilter& filter, uint64_t before = 0, size_t limit = 10) {
    const auto jobs = store().List(filter, before, limit);
    EXPECT_TRUE(jobs.ok()) << jobs.status();
    return Ids(jobs.value_or(std::vector<JobRecord>()));
  };
  const JobFilter posts{.owner_id = "ann", .label_keys = {kKindLabel}};
  EXPECT_THAT(ids(posts), ElementsAre(JobId(6), JobId(3), JobId(1)));
  EXPECT_THAT(ids(posts, Get(JobId(6)).row_id, 1), ElementsAre(JobId(3)));
  EXPECT_THAT(ids({.owner_id = "ann", .labels = {{kKindLabel, "app"}}}), ElementsAre(JobId(3)));
  EXPECT_THAT(ids({.owner_id = "ann", .labels = {{kKindLabel, ""}}}), ElementsAre(JobId(6)));
  EXPECT_THAT(ids({.owner_id = "ann",
                   .states = {v1::Job::STATE_QUEUED, v1::Job::STATE_PROCESSING},
                   .label_keys = {kKindLabel}}),
              ElementsAre(JobId(6), JobId(1)));
  EXPECT_THAT(ids({.owner_id = "ann",
                   .states = {v1::Job::STATE_QUEUED, v1::Job::STATE_CANCELLED},
                   .label_keys = {kKindLabel, "team.a/b"}}),
              ElementsAre(JobId(6), JobId(3), JobId(1)));
  EXPECT_THAT(ids({.owner_id = "ann", .label_keys = {"kinds"}}), ElementsAre(JobId(5)));
  EXPECT_THAT(ids({.label_keys = {kKindLabel, "absent"}}), IsEmpty());
}

TEST_P(JobStoreContract, ActiveJobsAreThoseThatHaveNotEnded) {
  Insert(Job(1));
  const JobRecord running = InsertLeased(2);
  const JobRecord paused = Insert(Job(3));
  ASSERT_TRUE(store().Change(Order(paused, v1::Job::STATE_PAUSED)).ok());
  const JobRecord cancelled = Insert(Job(4));
  ASSERT_TRUE(store().Change(Order(cancelled, v1::Job::STATE_CANCELLED)).ok());
  Insert(Job(5, "bob"));
  const auto active = store().ListActive("ann", 10);
  ASSERT_TRUE(active.ok()) << active.status();
  EXPECT_THAT(*active, ElementsAre(JobId(1), JobId(2), JobId(3)));
  EXPECT_THAT(*store().ListActive("ann", 2), ElementsAre(JobId(1), JobId(2)));
}

TEST_P(JobStoreContract, ProbeSucceeds) { EXPECT_TRUE(store().Probe().ok()); }

}  // namespace
}  // namespace genwatch
