#include "progress_service/state_feed_client.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <algorithm>
#include <random>
#include <utility>

#include "common/grpc_channel.h"
#include "common/grpc_status.h"
#include "common/log.h"
#include "genwatch/v1/generation_service.grpc.pb.h"

namespace genwatch {
namespace {

// Spread, so that the replicas of a worker that comes back do not all come at once.
absl::Duration ReconnectDelay() {
  thread_local std::minstd_rand random(std::random_device{}());
  return absl::Milliseconds(std::uniform_int_distribution<int>(100, 500)(random));
}

}  // namespace

// What the client and its stream, timers and gRPC's threads use together.
struct StateFeedClient::Shared : std::enable_shared_from_this<Shared> {
  Shared(std::string worker, ProgressHub* hub_in, TimerQueue* timers_in, const Clock* clock_in,
         ProgressMetrics metrics_in)
      : address(std::move(worker)),
        hub(hub_in),
        timers(timers_in),
        clock(clock_in),
        metrics(metrics_in),
        stub(v1::GenerationService::NewStub(InternalChannel(address, "pick_first"))),
        last_heard(clock->Monotonic()) {}

  void Open();
  void OnMessage(const v1::StreamStatesResponse& message);
  void OnStreamDone(const grpc::Status& status);
  void Cancel();
  void Stop();

  const std::string address;
  ProgressHub* const hub;
  TimerQueue* const timers;
  const Clock* const clock;
  ProgressMetrics metrics;
  const std::unique_ptr<v1::GenerationService::Stub> stub;

  Mutex mutex;
  CondVar closed;
  bool stopping ABSL_GUARDED_BY(mutex) = false;
  // Of the open stream; null between two.
  std::shared_ptr<grpc::ClientContext> context ABSL_GUARDED_BY(mutex);
  ProgressHub::FeedId feed ABSL_GUARDED_BY(mutex) = 0;
  bool heard ABSL_GUARDED_BY(mutex) = false;  // anything, on this stream
  std::string instance ABSL_GUARDED_BY(mutex);
  absl::Duration opened_at ABSL_GUARDED_BY(mutex);
  absl::Duration last_heard ABSL_GUARDED_BY(mutex);
};

// Deletes itself when gRPC is done with it.
class StateFeedClient::Stream : public grpc::ClientReadReactor<v1::StreamStatesResponse> {
 public:
  Stream(std::shared_ptr<Shared> shared, std::shared_ptr<grpc::ClientContext> context)
      : shared_(std::move(shared)), context_(std::move(context)) {
    for (v1::KnownJob& known : shared_->hub->Known()) *request_.add_known() = std::move(known);
  }

  void Start() {
    shared_->stub->async()->StreamStates(context_.get(), &request_, this);
    StartRead(&message_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    shared_->OnMessage(message_);
    StartRead(&message_);
  }

  void OnDone(const grpc::Status& status) override {
    shared_->OnStreamDone(status);
    delete this;
  }

 private:
  const std::shared_ptr<Shared> shared_;
  const std::shared_ptr<grpc::ClientContext> context_;
  v1::StreamStatesRequest request_;
  v1::StreamStatesResponse message_;
};

void StateFeedClient::Shared::Open() {
  const auto new_context = std::make_shared<grpc::ClientContext>();
  {
    MutexLock lock(mutex);
    if (stopping) return;
    context = new_context;
    feed = hub->OpenFeed();
    heard = false;
    opened_at = clock->Monotonic();
  }
  (new Stream(shared_from_this(), new_context))->Start();
}

void StateFeedClient::Shared::OnMessage(const v1::StreamStatesResponse& message) {
  ProgressHub::FeedId id = 0;
  {
    MutexLock lock(mutex);
    id = feed;
    last_heard = clock->Monotonic();
    if (message.has_roster()) instance = message.roster().instance();
    if (!std::exchange(heard, true)) {
      metrics.feeds_connected.Add(1);
      LogInfo("state feed of a worker is open", {{"worker", address}});
    }
  }
  hub->MergeFeed(id, message);
}

void StateFeedClient::Shared::OnStreamDone(const grpc::Status& status) {
  ProgressHub::FeedId id = 0;
  bool reopen = false;
  {
    MutexLock lock(mutex);
    id = feed;
    reopen = !stopping;
    if (std::exchange(heard, false)) {
      metrics.feeds_connected.Add(-1);
      LogInfo("state feed of a worker ended",
              {{"worker", address}, {"error", FromGrpcStatus(status)}});
    }
  }
  hub->CloseFeed(id);
  if (reopen) {
    timers->RunAfter(ReconnectDelay(), [weak = weak_from_this()] {
      if (const auto self = weak.lock(); self != nullptr) self->Open();
    });
  }
  MutexLock lock(mutex);
  context.reset();
  closed.NotifyAll();
}

void StateFeedClient::Shared::Cancel() {
  std::shared_ptr<grpc::ClientContext> open;
  {
    MutexLock lock(mutex);
    open = context;
  }
  if (open != nullptr) open->TryCancel();
}

void StateFeedClient::Shared::Stop() {
  {
    MutexLock lock(mutex);
    stopping = true;
  }
  Cancel();
  MutexLock lock(mutex);
  while (context != nullptr) closed.Wait(mutex);
}

StateFeedClient::StateFeedClient(std::string address, ProgressHub* hub, TimerQueue* timers,
                                 const Clock* clock, ProgressMetrics metrics)
    : shared_(std::make_shared<Shared>(std::move(address), hub, timers, clock, metrics)) {
  shared_->Open();
}

StateFeedClient::~StateFeedClient() { shared_->Stop(); }

const std::string& StateFeedClient::address() const { return shared_->address; }

void StateFeedClient::OnTick() {
  const absl::Duration now = shared_->clock->Monotonic();
  {
    MutexLock lock(shared_->mutex);
    if (shared_->context == nullptr) return;
    if (now - std::max(shared_->opened_at, shared_->last_heard) < kSilence) return;
  }
  shared_->Cancel();
}

bool StateFeedClient::connected() const {
  MutexLock lock(shared_->mutex);
  return shared_->heard;
}

std::string StateFeedClient::instance() const {
  MutexLock lock(shared_->mutex);
  return shared_->instance;
}

absl::Duration StateFeedClient::silent_for() const {
  MutexLock lock(shared_->mutex);
  return shared_->clock->Monotonic() - shared_->last_heard;
}

}  // namespace genwatch
