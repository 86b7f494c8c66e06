// Random lives of a queue, compared step by step with the rule in its plainest form; and the bounds
// that docs/queue.md proves, asserted on what the queues do.

#include "job_service/serving_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/job_service/queue_subject.h"
#include "tests/job_service/serving_model.h"

namespace genwatch {
namespace {

using ::testing::ElementsAreArray;

constexpr v1::Priority kPriorities[] = {v1::PRIORITY_LOW, v1::PRIORITY_NORMAL, v1::PRIORITY_HIGH};

// How many later jobs may be leased before one that waits `distance` = score + 8 - V places and
// came when V was `lead` before P, with `owners` who had something in the queue.
double MostPassed(double distance, double lead, size_t owners) {
  const double d = std::max(std::ceil(distance), 0.0);
  return static_cast<double>(owners) * std::max(std::ceil(distance + lead), 0.0) + 8 * d * (d + 1);
}

class ServingOrder : public testing::TestWithParam<QueueParam> {
 protected:
  ServingOrder() : subject_(GetParam().make()) {
    EXPECT_TRUE(queue().MarkRebuilt(*queue().ServerId()).ok());
  }

  JobQueue& queue() { return subject_->queue(); }
  size_t Random(size_t below) { return random_() % below; }
  std::string RandomModel() { return absl::StrCat("m", Random(3)); }
  // One owner has as much to do as all the others.
  std::string RandomOwner() { return absl::StrCat("owner", Random(2) * Random(30)); }

  void Enqueue(const QueueEntry& entry) {
    const double v = model_.Clock(entry.model);
    const double lead = v - model_.Served(entry.model);
    const size_t owners = model_.ActiveOwners(entry.model);
    const bool added = model_.Enqueue(entry);
    absl::StatusOr<uint32_t> count = queue().Enqueue({entry}, /*rebuilding=*/false);
    ASSERT_TRUE(count.ok()) << count.status();
    ASSERT_EQ(*count, added ? 1u : 0u);
    if (!added || entry.score.has_value()) return;
    const double distance = model_.Find(entry.job_id)->score() + kMostBonus - v;
    watched_[entry.job_id] = {.entry = entry, .most_passed = MostPassed(distance, lead, owners)};
  }

  void EnqueueNew() {
    ++orders_;
    Enqueue({.job_id = absl::StrCat("job", orders_),
             .order = orders_,
             .model = RandomModel(),
             .owner_id = RandomOwner(),
             .priority = kPriorities[Random(3)]});
  }

  void Lease() {
    std::vector<ModelDemand> demands;
    for (const char* name : {"m0", "m1", "m2"}) {
      if (Random(4) > 0) demands.push_back({name, static_cast<uint32_t>(1 + Random(3)), true});
    }
    const uint32_t most = static_cast<uint32_t>(1 + Random(4));
    const std::vector<PoppedJob> expected = model_.Pop(demands, most);
    absl::StatusOr<std::vector<PoppedJob>> popped = queue().Pop(demands, most);
    ASSERT_TRUE(popped.ok()) << popped.status();
    ASSERT_EQ(popped->size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ((*popped)[i].job_id, expected[i].job_id);
      ASSERT_EQ((*popped)[i].model, expected[i].model);
      ASSERT_EQ((*popped)[i].score, expected[i].score);
      CheckBounds(expected[i].job_id);
      leasing_.push_back(expected[i]);
    }
  }

  // `job_id` was leased: who waits all the same, though it came earlier?
  void CheckBounds(const std::string& job_id) {
    const auto leased = watched_.find(job_id);
    if (leased == watched_.end()) return;
    for (auto& [other_id, other] : watched_) {
      const ServingModel::Job* waiting = model_.Find(other_id);
      if (waiting == nullptr || waiting->state != ServingModel::State::kWaiting ||
          other.entry.model != leased->second.entry.model ||
          other.entry.order >= leased->second.entry.order) {
        continue;
      }
      other.passed.insert(job_id);
      ASSERT_LE(other.passed.size(), other.most_passed) << other_id;
      ASSERT_FALSE(other.entry.owner_id == leased->second.entry.owner_id &&
                   other.entry.priority == leased->second.entry.priority)
          << job_id << " overtook " << other_id << " of the same owner and priority";
    }
  }

  // What moves by an order of its owner, or comes back, is no longer under a bound.
  void Unwatch(const std::string& job_id) { watched_.erase(job_id); }

  PoppedJob TakeLeasing() {
    const size_t i = Random(leasing_.size());
    const PoppedJob job = leasing_[i];
    leasing_.erase(leasing_.begin() + static_cast<ptrdiff_t>(i));
    return job;
  }

  void ConfirmOne() {
    if (leasing_.empty()) return;
    const PoppedJob job = TakeLeasing();
    // It may be queued again later, as it was.
    if (const ServingModel::Job* known = model_.Find(job.job_id)) {
      QueueEntry entry = known->entry;
      entry.score = job.score;
      running_.push_back(entry);
    }
    model_.Confirm(job.job_id);
    ASSERT_TRUE(queue().Confirm({job.job_id}).ok());
  }

  void PutBackOne() {
    if (leasing_.empty()) return;
    const PoppedJob job = TakeLeasing();
    Unwatch(job.job_id);
    model_.PutBack(job.job_id);
    ASSERT_TRUE(queue().PutBack({job}).ok());
  }

  void RequeueOne() {
    if (running_.empty()) return;
    const size_t i = Random(running_.size());
    const QueueEntry entry = running_[i];
    running_.erase(running_.begin() + static_cast<ptrdiff_t>(i));
    Unwatch(entry.job_id);
    Enqueue(entry);
  }

  void CancelOne() {
    if (orders_ == 0) return;
    const std::string job_id = absl::StrCat("job", orders_ - Random(std::min<size_t>(orders_, 60)));
    model_.Remove(job_id);
    ASSERT_TRUE(queue().Remove({.job_id = job_id}).ok());
  }

  void ReprioritizeOne() {
    if (orders_ == 0) return;
    const std::string job_id = absl::StrCat("job", orders_ - Random(std::min<size_t>(orders_, 60)));
    const v1::Priority priority = kPriorities[Random(3)];
    Unwatch(job_id);
    model_.Reprioritize(job_id, priority);
    ASSERT_TRUE(queue().Reprioritize({.job_id = job_id, .priority = priority}).ok());
  }

  void CheckOrder(const std::string& model) {
    std::vector<std::string> expected;
    std::vector<QueueEntry> entries;
    for (const ServingModel::Job* job : model_.Waiting(model)) {
      expected.push_back(job->entry.job_id);
      entries.push_back(job->entry);
    }
    absl::StatusOr<std::vector<std::string>> order = queue().Peek(model, 0, 100'000);
    ASSERT_TRUE(order.ok()) << order.status();
    ASSERT_THAT(*order, ElementsAreArray(expected));
    absl::StatusOr<std::vector<QueuePlace>> places = queue().Places(entries);
    ASSERT_TRUE(places.ok()) << places.status();
    for (size_t i = 0; i < entries.size(); ++i) {
      ASSERT_EQ((*places)[i].position, i + 1);
      ASSERT_EQ((*places)[i].size, entries.size());
    }
  }

  void Step(size_t busy) {
    const size_t what = Random(100);
    if (what < busy) return EnqueueNew();
    if (what < 75) return Lease();
    if (what < 83) return ConfirmOne();
    if (what < 87) return PutBackOne();
    if (what < 91) return RequeueOne();
    if (what < 97) return CancelOne();
    ReprioritizeOne();
  }

  struct Watched {
    QueueEntry entry;
    double most_passed = 0;
    std::set<std::string> passed;
  };

  std::unique_ptr<QueueSubject> subject_;
  ServingModel model_;
  std::mt19937 random_;
  uint64_t orders_ = 0;
  std::vector<PoppedJob> leasing_;
  std::vector<QueueEntry> running_;
  std::map<std::string, Watched> watched_;
};

TEST_P(ServingOrder, IsThatOfTheRuleInRandomLives) {
  for (uint32_t seed : {1u, 2u, 3u}) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    random_.seed(seed);
    for (int step = 0; step < 1200; ++step) {
      SCOPED_TRACE(absl::StrCat("step ", step));
      // The queues grow, shrink, run empty, and grow again.
      ASSERT_NO_FATAL_FAILURE(Step(step / 300 % 2 == 0 ? 60 : 30));
      ASSERT_NO_FATAL_FAILURE(CheckOrder(RandomModel()));
    }
  }
}

// Of low priority behind a flood of urgent jobs of a few owners and of ever new ones.
TEST_P(ServingOrder, AFloodPassesNoMoreThanTheBoundSays) {
  random_.seed(4);
  for (int i = 0; i < 400; ++i) {
    ++orders_;
    const bool patient = i % 40 == 0;
    ASSERT_NO_FATAL_FAILURE(Enqueue(
        {.job_id = absl::StrCat("job", orders_),
         .order = orders_,
         .model = "m0",
         .owner_id =
             patient ? "patient" : absl::StrCat("owner", i % 2 == 0 ? Random(5) : 1000 + orders_),
         .priority = patient ? v1::PRIORITY_LOW : v1::PRIORITY_HIGH}));
    if (i % 3 == 0) {
      ASSERT_NO_FATAL_FAILURE(Lease());
    }
  }
  while (!model_.Waiting("m0").empty()) ASSERT_NO_FATAL_FAILURE(Lease());
}

// Exact to the last bit after a thousand million leases, and far beyond.
TEST(ServingOrderNumbers, PlacesStayExactForAllQueuesThatCanBe) {
  const double v = std::ldexp(1, 48);
  EXPECT_LT(v, v + kNewcomerStep);
  EXPECT_EQ(v + kNewcomerStep - v, kNewcomerStep);
  EXPECT_EQ(std::fmod(kMostBonus, kNewcomerStep), 0);
}

INSTANTIATE_TEST_SUITE_P(Queues, ServingOrder, BothQueues(), NameOfQueue);

}  // namespace
}  // namespace genwatch
