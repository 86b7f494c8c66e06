#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/mutex.h"
#include "progress_service/active_jobs.h"
#include "progress_service/progress_hub.h"
#include "progress_service/watch_session.h"

namespace genwatch {
namespace {

constexpr int kJobs = 8;
constexpr int kTokens = 400;

std::string JobId(int job) { return absl::StrFormat("job_%032x", job); }

std::string TextOf(int job) {
  std::string text;
  for (int i = 0; i < kTokens; ++i) text += absl::StrCat(job, ":", i, " ");
  return text;
}

v1::JobStateEntry EntryOf(int job, uint32_t version, v1::Job::State state) {
  v1::JobStateEntry entry;
  entry.set_job_id(JobId(job));
  entry.mutable_progress()->set_version(version);
  entry.mutable_progress()->set_state(state);
  if (IsTerminal(state)) {
    entry.mutable_progress()->mutable_numbers()->set_answer_bytes(TextOf(job).size());
  }
  entry.add_bases()->set_version(2);
  entry.mutable_fixed()->set_owner_id("ada");
  return entry;
}

// A watcher of all jobs who pumps on whatever thread wakes them, one at a time, as the stream does.
class ThreadedWatcher : public std::enable_shared_from_this<ThreadedWatcher> {
 public:
  void Begin(ProgressHub* hub, ActiveJobs* active) {
    WatchPlan plan;
    plan.owner = "ada";
    plan.text = true;
    for (int job = 0; job < kJobs; ++job) plan.targets.emplace_back().set_job_id(JobId(job));
    session_ = std::make_unique<WatchSession>(hub, active, RealClock(), std::move(plan),
                                              [weak = weak_from_this()] {
                                                if (const auto self = weak.lock()) self->Wake();
                                              });
    ASSERT_TRUE(session_->Start().ok());
    Pump();
  }

  void Wake() {
    {
      MutexLock lock(mutex_);
      dirty_ = true;
      if (busy_ || finished_) return;
      busy_ = true;
    }
    Pump();
  }

  bool finished() const {
    MutexLock lock(mutex_);
    return finished_;
  }
  // After it has finished.
  const std::string& text(int job) const { return texts_[job]; }
  int faults() const { return faults_; }

 private:
  void Pump() {
    for (;;) {
      {
        MutexLock lock(mutex_);
        dirty_ = false;
      }
      v1::WatchProgressResponse response;
      const WatchSession::Step step = session_->Next(&response);
      for (const v1::JobUpdate& update : response.updates()) {
        const int job = std::stoi(update.job_id().substr(4), nullptr, 16);
        for (const v1::TextPiece& piece : update.pieces()) {
          if (piece.offset() != texts_[job].size()) ++faults_;
          texts_[job] += piece.text();
        }
        faults_ += update.resets_size();
      }
      MutexLock lock(mutex_);
      if (step.what == WatchSession::Step::What::kFinish) {
        if (!step.status.ok()) ++faults_;
        finished_ = true;
        return;
      }
      if (step.what == WatchSession::Step::What::kWrite || dirty_) continue;
      busy_ = false;
      return;
    }
  }

  std::unique_ptr<WatchSession> session_;
  std::array<std::string, kJobs> texts_;
  int faults_ = 0;
  mutable Mutex mutex_;
  bool busy_ ABSL_GUARDED_BY(mutex_) = true;  // until it has begun
  bool dirty_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

// All sides of the hub at once, each on a thread of its own; meant for ThreadSanitizer, which sees
// little of what happens below gRPC.
TEST(HubThreadsTest, AllSidesAtOnceLeaveEveryWatcherWithEveryText) {
  ActiveJobs active;
  ProgressHub hub(RealClock(), {}, ProgressMetrics());
  std::atomic<bool> stop = false;
  std::atomic<bool> ended = false;
  std::vector<std::thread> threads;

  // Workers: each job's text, from two feeds that tell the same, with repetitions.
  for (int feeder = 0; feeder < 2; ++feeder) {
    threads.emplace_back([&hub] {
      const ProgressHub::FeedId feed = hub.OpenFeed();
      std::array<std::string, kJobs> texts;
      for (int i = 0; i < kTokens; ++i) {
        v1::StreamStatesResponse message;
        for (int job = 0; job < kJobs; ++job) {
          v1::WorkerState& state = *message.add_states();
          state.set_job_id(JobId(job));
          state.set_version(2);
          state.set_sequence(i + 1);
          state.set_phase(v1::PHASE_GENERATING);
          state.mutable_fixed()->add_bases()->set_version(2);
          v1::TextPiece* const piece = state.add_pieces();
          piece->set_channel(v1::CHANNEL_ANSWER);
          piece->set_offset(texts[job].size());
          const std::string token = absl::StrCat(job, ":", i, " ");
          piece->set_text(token);
          texts[job] += token;
          state.set_answer_bytes(texts[job].size());
        }
        if (i % 10 == 0) {
          message.mutable_roster();
          for (int job = 0; job < kJobs; ++job) {
            v1::HeldJob* const held = message.mutable_roster()->add_jobs();
            held->set_job_id(JobId(job));
            held->set_version(2);
          }
        }
        hub.MergeFeed(feed, message);
      }
      hub.CloseFeed(feed);
    });
  }
  // The ledger.
  threads.emplace_back([&] {
    while (!stop) {
      const std::vector<ProgressHub::Question> questions = hub.TakeQuestions(true);
      v1::GetJobStatesResponse states;
      for (const ProgressHub::Question& question : questions) {
        const int job = std::stoi(question.query.job_id().substr(4), nullptr, 16);
        *states.add_jobs() = ended ? EntryOf(job, 3, v1::Job::STATE_COMPLETED)
                                   : EntryOf(job, 2, v1::Job::STATE_PROCESSING);
      }
      hub.MergeStates(questions, states);
      const std::vector<ProgressHub::TextQuestion> missing = hub.TakeMissingTexts(100);
      v1::ReadTextsResponse texts;
      for (const ProgressHub::TextQuestion& question : missing) {
        const int job = std::stoi(question.query.job_id().substr(4), nullptr, 16);
        v1::TextSlice& slice = *texts.add_slices();
        slice.set_job_id(question.query.job_id());
        slice.set_version(ended ? 3 : 2);
        *slice.mutable_piece() = v1::TextPiece();
        slice.mutable_piece()->set_channel(question.query.channel());
        slice.mutable_piece()->set_offset(question.query.offset());
        if (ended && question.query.channel() == v1::CHANNEL_ANSWER) {
          slice.mutable_piece()->set_text(TextOf(job).substr(question.query.offset()));
          slice.set_text_length(TextOf(job).size());
        }
      }
      hub.MergeTexts(missing, texts);
      std::this_thread::yield();
    }
  });
  // The recorder, and those who only ask.
  threads.emplace_back([&] {
    while (!stop) {
      ProgressHub::MarkRecorded(hub.TakeUnrecorded());
      for (int job = 0; job < kJobs; ++job) hub.Running(JobId(job));
      hub.Known();
      std::this_thread::yield();
    }
  });
  // Watchers come in the course of it, and some leave.
  std::vector<std::shared_ptr<ThreadedWatcher>> watchers;
  for (int i = 0; i < 20; ++i) {
    watchers.push_back(std::make_shared<ThreadedWatcher>());
    watchers.back()->Begin(&hub, &active);
    if (i % 4 == 3) watchers.erase(watchers.begin());
    std::this_thread::yield();
  }
  threads[0].join();
  threads[1].join();
  ended = true;
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  for (const auto& watcher : watchers) {
    while (!watcher->finished() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
  }
  stop = true;
  threads[2].join();
  threads[3].join();

  ASSERT_FALSE(watchers.empty());
  for (const auto& watcher : watchers) {
    ASSERT_TRUE(watcher->finished());
    EXPECT_EQ(watcher->faults(), 0);
    for (int job = 0; job < kJobs; ++job) EXPECT_EQ(watcher->text(job), TextOf(job));
  }
  watchers.clear();
  EXPECT_EQ(hub.job_count(), 0);
  EXPECT_EQ(hub.text_bytes(), 0);
}

}  // namespace
}  // namespace genwatch
