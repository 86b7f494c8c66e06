// One contract, two queues: what holds for the fake holds for Redis.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "job_service/redis_job_queue.h"
#include "job_service/serving_order.h"
#include "tests/job_service/fake_job_queue.h"
#include "tests/support/await.h"
#include "tests/support/fake_clock.h"
#include "tests/support/private_redis.h"

namespace genwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Subject {
 public:
  virtual ~Subject() = default;
  virtual JobQueue& queue() = 0;
  virtual void RestartEmpty() = 0;
};

class FakeSubject : public Subject {
 public:
  JobQueue& queue() override { return queue_; }
  void RestartEmpty() override { queue_.RestartEmpty(); }

 private:
  FakeClock clock_;
  FakeJobQueue queue_{&clock_};
};

class RedisSubject : public Subject {
 public:
  RedisSubject() {
    EXPECT_TRUE(PrivateRedis::Shared().Command({"FLUSHALL"}).ok());
    queue_ = std::make_unique<RedisJobQueue>(
        *RedisAddress::Parse("unix:" + PrivateRedis::Shared().socket_path()));
  }
  JobQueue& queue() override { return *queue_; }
  void RestartEmpty() override { EXPECT_TRUE(PrivateRedis::Shared().Command({"FLUSHALL"}).ok()); }

 private:
  std::unique_ptr<RedisJobQueue> queue_;
};

struct Param {
  std::string name;
  std::function<std::unique_ptr<Subject>()> make;
};

class JobQueueContract : public testing::TestWithParam<Param> {
 protected:
  void SetUp() override {
    subject_ = GetParam().make();
    Rebuilt();
  }

  JobQueue& queue() { return subject_->queue(); }

  void Rebuilt() {
    absl::StatusOr<std::string> id = queue().ServerId();
    ASSERT_TRUE(id.ok()) << id.status();
    ASSERT_TRUE(queue().MarkRebuilt(*id).ok());
  }

  QueueEntry Entry(const std::string& job, const std::string& owner = "ann",
                   v1::Priority priority = v1::PRIORITY_NORMAL, const std::string& model = "m") {
    return {
        .job_id = job, .order = ++order_, .model = model, .owner_id = owner, .priority = priority};
  }

  void Add(const QueueEntry& entry) {
    absl::StatusOr<uint32_t> added = queue().Enqueue({entry}, false);
    ASSERT_TRUE(added.ok()) << added.status();
    ASSERT_EQ(*added, 1u);
  }

  std::vector<PoppedJob> Pop(uint32_t most, std::vector<ModelDemand> demands = {{"m", 100, true}}) {
    absl::StatusOr<std::vector<PoppedJob>> popped = queue().Pop(demands, most);
    EXPECT_TRUE(popped.ok()) << popped.status();
    return popped.ok() ? *popped : std::vector<PoppedJob>();
  }

  std::vector<std::string> PopIds(uint32_t most,
                                  std::vector<ModelDemand> demands = {{"m", 100, true}}) {
    std::vector<std::string> ids;
    for (const PoppedJob& job : Pop(most, demands)) ids.push_back(job.job_id);
    return ids;
  }

  QueuePlace PlaceOf(const QueueEntry& entry) {
    absl::StatusOr<std::vector<QueuePlace>> places = queue().Places({entry});
    EXPECT_TRUE(places.ok()) << places.status();
    return places.ok() ? places->at(0) : QueuePlace();
  }

  std::unique_ptr<Subject> subject_;
  uint64_t order_ = 0;
};

// The seed served the newest first, so that the oldest waited for ever.
TEST_P(JobQueueContract, SeedDefect1TheOldestIsServedFirst) {
  for (const char* job : {"a", "b", "c"}) Add(Entry(job));
  EXPECT_THAT(PopIds(10), ElementsAre("a", "b", "c"));
}

TEST_P(JobQueueContract, JobsOfDifferentOwnersAtTheSamePlaceGoInOrderOfSubmission) {
  Add(Entry("z", "ann"));
  Add(Entry("a", "bob"));
  Add(Entry("m", "cid"));
  EXPECT_THAT(PopIds(10), ElementsAre("z", "a", "m"));
}

TEST_P(JobQueueContract, OneOwnersManyJobsDelayNobodysFirst) {
  for (int i = 0; i < 1000; ++i) Add(Entry(absl::StrCat("many", i), "ann"));
  Add(Entry("only", "bob"));
  EXPECT_THAT(PopIds(2), testing::Contains("only"));
}

// The seed stored the priority and never looked at it.
TEST_P(JobQueueContract, SeedDefect5PriorityDecidesAmongThoseThatWait) {
  Add(Entry("low", "ann", v1::PRIORITY_LOW));
  Add(Entry("normal", "bob", v1::PRIORITY_NORMAL));
  Add(Entry("high", "cid", v1::PRIORITY_HIGH));
  EXPECT_THAT(PopIds(10), ElementsAre("high", "normal", "low"));
}

TEST_P(JobQueueContract, NoStreamOfUrgentJobsStarvesAPatientOne) {
  Add(Entry("patient", "ann", v1::PRIORITY_LOW));
  // It is passed at most by what comes before V has risen by twice the bonus, plus its own turn.
  const int bound = static_cast<int>(2 * 8 / kLeaseStep) + 1;
  int passed = 0;
  for (; passed <= bound; ++passed) {
    Add(Entry(absl::StrCat("urgent", passed), absl::StrCat("owner", passed), v1::PRIORITY_HIGH));
    if (PopIds(1) == std::vector<std::string>{"patient"}) break;
  }
  EXPECT_LE(passed, bound);
}

TEST_P(JobQueueContract, AJobIsInTheQueueOnce) {
  const QueueEntry entry = Entry("a");
  Add(entry);
  EXPECT_EQ(*queue().Enqueue({entry}, false), 0u);
  EXPECT_THAT(PopIds(10), ElementsAre("a"));
  // Being leased counts as being there.
  EXPECT_EQ(*queue().Enqueue({entry}, false), 0u);
  EXPECT_THAT(PopIds(10), IsEmpty());
  ASSERT_TRUE(queue().Confirm({"a"}).ok());
  EXPECT_EQ(*queue().Enqueue({entry}, false), 1u);
}

TEST_P(JobQueueContract, PutBackRestoresTheOldPlace) {
  for (const char* job : {"a", "b", "c"}) Add(Entry(job));
  std::vector<PoppedJob> popped = Pop(2);
  ASSERT_EQ(popped.size(), 2u);
  ASSERT_TRUE(queue().PutBack(popped).ok());
  EXPECT_THAT(PopIds(10), ElementsAre("a", "b", "c"));
}

TEST_P(JobQueueContract, ARequeuedJobGoesBackToItsScore) {
  for (const char* job : {"a", "b", "c"}) Add(Entry(job));
  std::vector<PoppedJob> popped = Pop(1);
  ASSERT_TRUE(queue().Confirm({"a"}).ok());
  QueueEntry again = Entry("a");
  again.order = 1;
  again.score = popped.at(0).score;
  Add(again);
  EXPECT_THAT(PopIds(10), ElementsAre("a", "b", "c"));
}

TEST_P(JobQueueContract, FreshlyPoppedJobsAreNotStale) {
  Add(Entry("a"));
  Pop(1);
  EXPECT_EQ(*queue().PutBackStale(), 0u);
}

TEST_P(JobQueueContract, OnlyModelsInDemandArePoppedAndNoMoreThanFree) {
  Add(Entry("a1", "ann", v1::PRIORITY_NORMAL, "a"));
  Add(Entry("a2", "bob", v1::PRIORITY_NORMAL, "a"));
  Add(Entry("b1", "cid", v1::PRIORITY_NORMAL, "b"));
  EXPECT_THAT(PopIds(10, {{"a", 1, false}}), ElementsAre("a1"));
  EXPECT_THAT(PopIds(10, {{"a", 1, false}, {"b", 1, false}}), UnorderedElementsAre("a2", "b1"));
}

TEST_P(JobQueueContract, ALoadedModelIsPreferred) {
  Add(Entry("cold", "ann", v1::PRIORITY_NORMAL, "a"));
  Add(Entry("warm", "bob", v1::PRIORITY_NORMAL, "b"));
  EXPECT_THAT(PopIds(1, {{"a", 1, false}, {"b", 1, true}}), ElementsAre("warm"));
}

TEST_P(JobQueueContract, PlacesCountFromOneWithinTheModel) {
  const QueueEntry a = Entry("a"), b = Entry("b"), c = Entry("c"), never = Entry("never");
  for (const QueueEntry& entry : {a, b, c}) Add(entry);
  EXPECT_EQ(PlaceOf(a).position, 1u);
  EXPECT_EQ(PlaceOf(c).position, 3u);
  EXPECT_EQ(PlaceOf(c).size, 3u);
  EXPECT_EQ(PlaceOf(never).position, 0u);
  Pop(1);
  EXPECT_EQ(PlaceOf(a).position, 0u);
  EXPECT_EQ(PlaceOf(b).position, 1u);
}

TEST_P(JobQueueContract, ARemovedJobIsGoneAndItsPlaceIsGivenBack) {
  const QueueEntry a = Entry("a", "ann"), b = Entry("b", "ann");
  Add(a);
  Add(b);
  ASSERT_TRUE(queue().Remove(b).ok());
  ASSERT_TRUE(queue().Remove(b).ok());
  // Ann's next job takes the place of b, before bob's second.
  Add(Entry("bob1", "bob"));
  Add(Entry("bob2", "bob"));
  Add(Entry("c", "ann"));
  EXPECT_THAT(PopIds(10), ElementsAre("a", "bob1", "bob2", "c"));
  EXPECT_THAT(*queue().Peek("m", 0, 10), IsEmpty());
}

TEST_P(JobQueueContract, PeekShowsTheServingOrder) {
  for (const char* job : {"a", "b", "c"}) Add(Entry(job));
  EXPECT_THAT(*queue().Peek("m", 0, 10), ElementsAre("a", "b", "c"));
  EXPECT_THAT(*queue().Peek("m", 1, 1), ElementsAre("b"));
  EXPECT_THAT(*queue().Models(), testing::Contains("m"));
}

TEST_P(JobQueueContract, AnEmptiedServerWaitsForItsRebuild) {
  Add(Entry("a"));
  subject_->RestartEmpty();
  EXPECT_FALSE(*queue().IsRebuilt());
  EXPECT_EQ(queue().Pop({{"m", 1, true}}, 1).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(queue().Enqueue({Entry("b")}, false).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(*queue().Enqueue({Entry("a")}, /*rebuilding=*/true), 1u);
  Rebuilt();
  EXPECT_TRUE(*queue().IsRebuilt());
  EXPECT_THAT(PopIds(10), ElementsAre("a"));
}

TEST_P(JobQueueContract, EnqueueWakesWhoListens) {
  std::atomic<int> woken = 0;
  auto subscription = queue().OnEnqueued([&woken](const std::string& model) {
    if (model == "m") ++woken;
  });
  int added = 0;
  // A subscription is made in the background: what came before it is lost, by contract.
  EXPECT_TRUE(Await([&] {
    Add(Entry(absl::StrCat("job", added++)));
    return woken > 0;
  }));
}

TEST_P(JobQueueContract, JobsAreServedInTheOrderThatPeekShows) {
  std::mt19937 random(7);
  const std::vector<std::string> owners = {"ann", "bob", "cid", "dan"};
  for (int i = 0; i < 400; ++i) {
    Add(Entry(absl::StrCat("job", i), owners[random() % 2 == 0 ? 0 : random() % owners.size()]));
  }
  absl::StatusOr<std::vector<std::string>> order = queue().Peek("m", 0, 80);
  ASSERT_TRUE(order.ok());
  EXPECT_EQ(order->size(), 80u);
  EXPECT_THAT(PopIds(80), testing::ElementsAreArray(*order));
}

INSTANTIATE_TEST_SUITE_P(
    Queues, JobQueueContract,
    testing::Values(Param{"Fake", [] { return std::make_unique<FakeSubject>(); }},
                    Param{"Redis", [] { return std::make_unique<RedisSubject>(); }}),
    [](const testing::TestParamInfo<Param>& param) { return param.param.name; });

TEST(FakeJobQueueTest, StaleLeasingIsPutBackAfterFiveSeconds) {
  FakeClock clock;
  FakeJobQueue queue(&clock);
  ASSERT_TRUE(queue.MarkRebuilt(*queue.ServerId()).ok());
  ASSERT_TRUE(
      queue.Enqueue({{.job_id = "a", .order = 1, .model = "m", .owner_id = "ann"}}, false).ok());
  ASSERT_EQ(queue.Pop({{"m", 1, true}}, 1)->size(), 1u);
  clock.Advance(absl::Seconds(6));
  EXPECT_EQ(*queue.PutBackStale(), 1u);
  EXPECT_EQ(queue.Pop({{"m", 1, true}}, 1)->size(), 1u);
}

TEST(RedisJobQueueTest, AnOutageIsUnavailableAndItRecoversByItself) {
  std::signal(SIGPIPE, SIG_IGN);  // as every main of ours does
  auto redis = PrivateRedis::Create();
  ASSERT_TRUE(redis.ok()) << redis.status();
  RedisJobQueue queue(*RedisAddress::Parse("unix:" + (*redis)->socket_path()));
  ASSERT_TRUE(queue.MarkRebuilt(*queue.ServerId()).ok());
  const QueueEntry entry{.job_id = "a", .order = 1, .model = "m", .owner_id = "ann"};
  ASSERT_TRUE(queue.Enqueue({entry}, false).ok());

  (*redis)->Kill();
  EXPECT_EQ(queue.Enqueue({entry}, false).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(queue.IsRebuilt().status().code(), absl::StatusCode::kUnavailable);

  ASSERT_TRUE((*redis)->Start().ok());
  // The file kept the jobs, but the server is a new one: it waits for its rebuild.
  EXPECT_TRUE(Await([&] { return queue.IsRebuilt().ok(); }));
  EXPECT_FALSE(*queue.IsRebuilt());
  EXPECT_EQ(*queue.Enqueue({entry}, /*rebuilding=*/true), 0u);
  ASSERT_TRUE(queue.MarkRebuilt(*queue.ServerId()).ok());
  EXPECT_EQ(queue.Pop({{"m", 1, true}}, 1)->size(), 1u);
}

TEST(RedisJobQueueTest, ScriptsThatAnOperatorFlushedAreLoadedAgain) {
  PrivateRedis& redis = PrivateRedis::Shared();
  ASSERT_TRUE(redis.Command({"FLUSHALL"}).ok());
  RedisJobQueue queue(*RedisAddress::Parse("unix:" + redis.socket_path()));
  ASSERT_TRUE(queue.MarkRebuilt(*queue.ServerId()).ok());
  ASSERT_TRUE(queue.PutBackStale().ok());
  ASSERT_TRUE(redis.Command({"SCRIPT", "FLUSH"}).ok());
  EXPECT_TRUE(queue.PutBackStale().ok());
}

}  // namespace
}  // namespace genwatch
