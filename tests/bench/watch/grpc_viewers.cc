#include "tests/bench/watch/grpc_viewers.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_callback.h>

#include <charconv>
#include <chrono>
#include <functional>
#include <utility>

#include "common/identity.h"

namespace genwatch::bench {
namespace {

int64_t UnixMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Arguments that differ keep channels from sharing a connection.
std::shared_ptr<grpc::Channel> Connect(const std::string& address, int number) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("genwatch.bench.connection", number);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

class GrpcViewers::Viewer : public grpc::ClientReadReactor<v1::WatchProgressResponse> {
 public:
  Viewer(const std::string& job_id, const std::string& owner, double max_rate,
         std::function<void()> on_done)
      : on_done_(std::move(on_done)) {
    request_.add_targets()->set_job_id(job_id);
    request_.set_text(true);
    request_.set_max_rate(max_rate);
    context_.AddMetadata(kUserMetadataKey, owner);
  }

  void Start(v1::ProgressService::Stub* stub) {
    stub->async()->WatchProgress(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }
  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    const int64_t now = UnixMicros();
    {
      MutexLock lock(mutex_);
      ++messages_;
      for (const v1::JobUpdate& update : response_.updates()) {
        begun_ = true;
        ended_ |= update.terminal();
        for (const v1::TextPiece& piece : update.pieces()) TakeLocked(piece, now);
      }
    }
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    {
      MutexLock lock(mutex_);
      broken_ = !status.ok();
    }
    on_done_();
  }

  void AddTo(Counts& counts) const {
    MutexLock lock(mutex_);
    ++counts.streams;
    counts.begun += begun_ ? 1 : 0;
    counts.ended += ended_ ? 1 : 0;
    counts.broken += broken_ ? 1 : 0;
    counts.gaps += gaps_;
    counts.chunks += chunks_;
    counts.messages += messages_;
  }
  void TakeAges(std::vector<double>& ages) {
    MutexLock lock(mutex_);
    ages.insert(ages.end(), ages_.begin(), ages_.end());
    ages_.clear();
  }
  std::string Text() const {
    MutexLock lock(mutex_);
    return text_;
  }

 private:
  void TakeLocked(const v1::TextPiece& piece, int64_t now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (piece.offset() != text_.size()) {
      ++gaps_;
      return;
    }
    text_.append(piece.text());
    // Each chunk is "@<microseconds>;".
    for (size_t end; (end = text_.find(';', counted_)) != std::string::npos; counted_ = end + 1) {
      int64_t stamp = 0;
      const auto [rest, error] =
          std::from_chars(text_.data() + counted_ + 1, text_.data() + end, stamp);
      if (error != std::errc()) continue;
      ages_.push_back(static_cast<double>(now - stamp) / 1000);
      ++chunks_;
    }
  }

  const std::function<void()> on_done_;
  grpc::ClientContext context_;
  v1::WatchProgressRequest request_;
  v1::WatchProgressResponse response_;
  mutable Mutex mutex_;
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  int gaps_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t chunks_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t messages_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string text_ ABSL_GUARDED_BY(mutex_);
  size_t counted_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<double> ages_ ABSL_GUARDED_BY(mutex_);
};

GrpcViewers::GrpcViewers(const std::string& address, int connections) {
  for (int i = 0; i < connections; ++i) {
    stubs_.push_back(v1::ProgressService::NewStub(Connect(address, i + 1)));
  }
}

GrpcViewers::~GrpcViewers() {
  MutexLock lock(mutex_);
  for (const auto& viewer : viewers_) viewer->Cancel();
  while (open_ > 0) done_.Wait(mutex_);
}

void GrpcViewers::Watch(const std::string& job_id, const std::string& owner, double max_rate) {
  Viewer* viewer = nullptr;
  v1::ProgressService::Stub* stub = nullptr;
  {
    MutexLock lock(mutex_);
    viewers_.push_back(std::make_unique<Viewer>(job_id, owner, max_rate, [this] {
      MutexLock done_lock(mutex_);
      --open_;
      done_.NotifyAll();
    }));
    viewer = viewers_.back().get();
    stub = stubs_[viewers_.size() % stubs_.size()].get();
    ++open_;
  }
  viewer->Start(stub);
}

GrpcViewers::Counts GrpcViewers::counts() const {
  Counts counts;
  MutexLock lock(mutex_);
  for (const auto& viewer : viewers_) viewer->AddTo(counts);
  return counts;
}

std::vector<double> GrpcViewers::TakeAges() {
  std::vector<double> ages;
  MutexLock lock(mutex_);
  for (const auto& viewer : viewers_) viewer->TakeAges(ages);
  return ages;
}

std::vector<std::string> GrpcViewers::Texts() const {
  std::vector<std::string> texts;
  MutexLock lock(mutex_);
  for (const auto& viewer : viewers_) texts.push_back(viewer->Text());
  return texts;
}

}  // namespace genwatch::bench
