#include "tests/progress_service/progress_fixture.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/support/await.h"

namespace genwatch {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

}  // namespace

ProgressReplica::ProgressReplica(const std::string& ledger, const std::string& workers,
                                 const Options& options) {
  registry_ = *Metrics::Start("127.0.0.1", Metrics::kNoListener, "progress_service");
  metrics_ = ProgressMetrics(*registry_);
  timers_ = std::make_unique<TimerQueue>();
  const Clock* const clock = RealClock();
  hub_ = std::make_unique<ProgressHub>(
      clock, ProgressHub::Options{.max_text_bytes = options.max_text_bytes}, metrics_);
  active_ = std::make_unique<ActiveJobs>();
  watchers_ = std::make_unique<Watchers>(Watchers::Parts{.hub = hub_.get(),
                                                         .active = active_.get(),
                                                         .timers = timers_.get(),
                                                         .clock = clock,
                                                         .write_deadline = options.write_deadline},
                                         1000, metrics_);
  service_ =
      std::make_unique<ProgressServiceImpl>(ledger, hub_.get(), watchers_.get(), IdentityOptions());
  auto server = GrpcServer::Start({.drain = absl::Seconds(2)}, {service_.get()});
  if (!server.ok()) std::abort();
  server_ = *std::move(server);
  poll_ = std::make_unique<LedgerPoll>(
      ledger, LedgerPoll::Parts{.hub = hub_.get(), .active = active_.get(), .clock = clock},
      [this] { ready_ = true; }, metrics_);
  feeds_ = std::make_unique<WorkerFeeds>(workers, hub_.get(), timers_.get(), clock, metrics_);
  recorder_ = std::make_unique<Recorder>(ledger, hub_.get(), /*console=*/false, metrics_);
}

ProgressReplica::~ProgressReplica() {
  watchers_->Drain();
  server_->Drain();
  recorder_.reset();
  feeds_.reset();
  poll_.reset();
}

WatchClient::WatchClient(const std::string& address, Options options)
    : options_(std::move(options)), paused_(options_.paused) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (options_.paused) {
    // A small window, so that what is not read is soon felt at the other end.
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 16 << 10);
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  }
  stub_ = v1::ProgressService::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  if (!options_.user.empty()) context_.AddMetadata("x-genwatch-user", options_.user);
  for (const auto& [job_id, texts] : options_.held) views_[job_id].texts = texts;
  thread_ = std::thread([this] { Read(); });
}

WatchClient::~WatchClient() {
  context_.TryCancel();
  Resume();
  thread_.join();
}

void WatchClient::Read() {
  v1::WatchProgressRequest request;
  for (const v1::WatchTarget& target : options_.targets) *request.add_targets() = target;
  request.set_mine_active(options_.mine_active);
  request.set_text(options_.text);
  request.set_max_rate(options_.max_rate);
  request.set_heartbeat_ms(options_.heartbeat_ms);
  const auto reader = stub_->WatchProgress(&context_, request);
  v1::WatchProgressResponse message;
  for (;;) {
    {
      MutexLock lock(mutex_);
      while (paused_) changed_.Wait(mutex_);
    }
    if (!reader->Read(&message)) break;
    Take(message);
  }
  const grpc::Status status = reader->Finish();
  MutexLock lock(mutex_);
  status_ = status;
  changed_.NotifyAll();
}

void WatchClient::Take(const v1::WatchProgressResponse& message) {
  MutexLock lock(mutex_);
  ++messages_;
  if (message.updates_size() == 0) ++heartbeats_;
  for (const v1::JobUpdate& update : message.updates()) {
    View& view = views_[update.job_id()];
    ++view.updates;
    view.times.push_back(absl::Now());
    if (view.terminal) faults_.push_back("an update after the terminal one");
    if (update.has_error()) {
      view.error = update.error();
      continue;
    }
    if (view.snapshots.empty() && !update.has_progress()) {
      faults_.push_back("the first update has no snapshot");
    }
    if (update.has_progress()) {
      const v1::Progress& now = update.progress();
      const v1::Progress& before = view.progress;
      if (std::make_pair(now.version(), now.sequence()) <
          std::make_pair(before.version(), before.sequence())) {
        faults_.push_back("the order fell");
      }
      if (now.version() == before.version() &&
          (now.numbers().percent() < before.numbers().percent() ||
           now.numbers().current_tokens() < before.numbers().current_tokens())) {
        faults_.push_back("a number fell within a lease");
      }
      if ((now.numbers().percent() == 100) != (now.state() == v1::Job::STATE_COMPLETED)) {
        faults_.push_back("100 % is not the same as completed");
      }
      view.progress = now;
      view.snapshots.push_back(now);
    }
    for (const v1::TextReset& reset : update.resets()) {
      std::string& text = view.texts[ChannelIndex(reset.channel())];
      if (reset.offset() > text.size()) faults_.push_back("a reset to what is not held");
      text.resize(std::min<size_t>(text.size(), reset.offset()));
      view.resets.push_back(reset);
    }
    for (const v1::TextPiece& piece : update.pieces()) {
      std::string& text = view.texts[ChannelIndex(piece.channel())];
      if (piece.offset() != text.size()) {
        faults_.push_back(absl::StrCat("a piece at ", piece.offset(), " for ", text.size()));
      }
      if (piece.text().size() > (16 << 10)) faults_.push_back("a piece of more than 16 KiB");
      text += piece.text();
    }
    if (update.bases_size() > 0) view.bases = {update.bases().begin(), update.bases().end()};
    view.cursor = update.cursor();
    view.terminal = update.terminal();
  }
  changed_.NotifyAll();
}

bool WatchClient::Await(const std::function<bool(const WatchClient&)>& predicate) {
  return genwatch::Await([&] { return predicate(*this); }, kPatience);
}

bool WatchClient::AwaitText(const std::string& job_id, const std::string& answer) {
  return Await([&](const WatchClient& client) { return client.view(job_id).texts[0] == answer; });
}

bool WatchClient::AwaitState(const std::string& job_id, v1::Job::State state) {
  return Await(
      [&](const WatchClient& client) { return client.view(job_id).progress.state() == state; });
}

std::optional<grpc::Status> WatchClient::AwaitEnd() {
  const absl::Time deadline = absl::Now() + kPatience;
  MutexLock lock(mutex_);
  while (!status_.has_value() && absl::Now() < deadline) {
    changed_.WaitFor(mutex_, deadline - absl::Now());
  }
  return status_;
}

WatchClient::View WatchClient::view(const std::string& job_id) const {
  MutexLock lock(mutex_);
  const auto found = views_.find(job_id);
  return found == views_.end() ? View() : found->second;
}

int WatchClient::messages() const {
  MutexLock lock(mutex_);
  return messages_;
}

int WatchClient::heartbeats() const {
  MutexLock lock(mutex_);
  return heartbeats_;
}

std::vector<std::string> WatchClient::faults() const {
  MutexLock lock(mutex_);
  return faults_;
}

void WatchClient::Resume() {
  MutexLock lock(mutex_);
  paused_ = false;
  changed_.NotifyAll();
}

v1::WatchTarget TargetOf(const std::string& job_id, const std::string& cursor) {
  v1::WatchTarget target;
  target.set_job_id(job_id);
  target.set_cursor(cursor);
  return target;
}

std::string JobIdOf(int number) { return absl::StrFormat("job_%032x", number); }

void ProgressFixture::SetUp() {
  ledger_ = std::make_unique<FakeLedger>();
  worker_ = std::make_unique<FakeWorker>();
  replica_ = std::make_unique<ProgressReplica>(ledger_->address(), worker_->address());
  ASSERT_TRUE(Await([this] { return replica_->ready() && worker_->feeds() == 1; }));
}

void ProgressFixture::TearDown() {
  replica_.reset();
  worker_.reset();
  ledger_.reset();
}

void ProgressFixture::Run(const std::string& job_id) {
  ledger_->Submit(job_id, "ada");
  RunAgain(job_id, /*keep=*/false);
}

void ProgressFixture::RunAgain(const std::string& job_id, bool keep) {
  const std::vector<v1::LeaseBase> bases = ledger_->Lease(job_id, keep);
  worker_->Begin(job_id, bases.back().version(), bases);
}

void ProgressFixture::Say(const std::string& job_id, const std::string& text) {
  worker_->Append(job_id, text);
  ledger_->Store(job_id, text);
}

void ProgressFixture::Complete(const std::string& job_id) {
  worker_->End(job_id);
  ledger_->Move(job_id, v1::Job::STATE_COMPLETED);
  worker_->Drop(job_id);
}

std::unique_ptr<WatchClient> ProgressFixture::Watch(const std::string& job_id,
                                                    const std::string& cursor, bool text) {
  return std::make_unique<WatchClient>(
      replica_->address(),
      WatchClient::Options{.targets = {TargetOf(job_id, cursor)}, .text = text});
}

grpc::Status ProgressFixture::GetProgress(const std::string& job_id,
                                          v1::GetProgressResponse* response,
                                          const std::string& user) {
  const auto stub = v1::ProgressService::NewStub(
      grpc::CreateChannel(replica_->address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  if (!user.empty()) context.AddMetadata("x-genwatch-user", user);
  v1::GetProgressRequest request;
  request.set_job_id(job_id);
  return stub->GetProgress(&context, request, response);
}

}  // namespace genwatch
