#ifndef GENWATCH_TESTS_GENERATION_SERVICE_FEED_WATCHER_H_
#define GENWATCH_TESTS_GENERATION_SERVICE_FEED_WATCHER_H_

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "genwatch/v1/generation_service.grpc.pb.h"

namespace genwatch {

// A subscriber that reads one message at a time, and what it has put together of each job. Kept
// text, which feeds don't tell, is dots.
class FeedWatcher {
 public:
  struct Job {
    v1::WorkerState last;
    v1::LeaseFixed fixed;
    std::string answer;
    std::string thinking;
    int states = 0;
    int fixed_seen = 0;
  };

  explicit FeedWatcher(v1::GenerationService::Stub* stub,
                       const v1::StreamStatesRequest& request = {})
      : stream_(stub->StreamStates(&context_, request)) {}
  ~FeedWatcher() {
    context_.TryCancel();
    if (!finished_) stream_->Finish();
  }

  // False at the end of the stream.
  bool ReadOne() {
    v1::StreamStatesResponse message;
    if (!stream_->Read(&message)) return false;
    for (const v1::WorkerState& state : message.states()) {
      Job& job = jobs[state.job_id()];
      if (job.last.version() != state.version()) job = Job();
      EXPECT_GE(state.sequence(), job.last.sequence());
      EXPECT_GE(state.tokens(), job.last.tokens());
      EXPECT_GE(state.elapsed_ms(), job.last.elapsed_ms());
      job.last = state;
      ++job.states;
      if (state.has_fixed()) {
        job.fixed = state.fixed();
        ++job.fixed_seen;
        for (const v1::LeaseBase& base : state.fixed().bases()) {
          if (base.version() != state.version()) continue;
          job.answer.resize(base.answer(), '.');
          job.thinking.resize(base.thinking(), '.');
        }
      }
      for (const v1::TextPiece& piece : state.pieces()) {
        std::string& text = piece.channel() == v1::CHANNEL_ANSWER ? job.answer : job.thinking;
        EXPECT_EQ(piece.offset(), text.size());
        text += piece.text();
      }
    }
    if (message.has_roster()) {
      roster = message.roster();
      ++rosters;
    }
    return true;
  }

  // Reads until it holds, or the stream ends.
  template <typename Predicate>
  bool ReadUntil(Predicate predicate) {
    while (!predicate()) {
      if (!ReadOne()) return false;
    }
    return true;
  }

  grpc::Status Finish() {
    finished_ = true;
    return stream_->Finish();
  }

  std::map<std::string, Job> jobs;
  v1::Roster roster;
  int rosters = 0;

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::StreamStatesResponse>> stream_;
  bool finished_ = false;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_GENERATION_SERVICE_FEED_WATCHER_H_
