#include "generation_service/lease_polls.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "common/log.h"
#include "generation_service/wire_numbers.h"

namespace genwatch {
namespace {

// At once. Each holds a call on the ledger's side; a slot that becomes free while so many wait is
// offered when the first of them is answered.
constexpr size_t kMostPolls = 8;
// Slots of a model that become free while so many polls ask for it are offered together when one
// is answered: a lease of many jobs costs the ledger little more than one of a few.
constexpr size_t kMostPollsOfOneModel = 2;
// The ledger answers an empty poll on time; this is for a network that swallows the answer.
constexpr absl::Duration kGrace = absl::Seconds(3);
// Jobs that are being given to polls that are withdrawn are leased in vain. So a poll that may be
// answered soon is waited for.
constexpr absl::Duration kPatience = absl::Milliseconds(500);

}  // namespace

LeasePolls::LeasePolls(EventLoop* loop, JobLeaseClient* ledger, v1::Worker worker,
                       const WorkerOptions& options, Callbacks callbacks)
    : loop_(loop),
      ledger_(ledger),
      worker_(std::move(worker)),
      options_(options),
      callbacks_(std::move(callbacks)),
      backoff_(options.shortest_backoff) {}

LeasePolls::~LeasePolls() {
  loop_->Cancel(retry_timer_);
  loop_->Cancel(anew_timer_);
}

void LeasePolls::Update() {
  const LeaseRoom room = callbacks_.room();
  if (room.jobs == 0) {
    if (!polls_.empty()) Withdraw();
    return;
  }
  if (retry_timer_ == 0 && polls_.size() < kMostPolls) Start(room);
}

void LeasePolls::Withdraw() {
  loop_->Cancel(std::exchange(retry_timer_, 0));
  ledger_->CancelLeaseJobs();
}

void LeasePolls::Start(const LeaseRoom& room) {
  uint32_t offered_jobs = 0;
  for (const auto& [id, poll] : polls_) offered_jobs += poll.jobs;

  Poll poll;
  v1::LeaseJobsRequest request;
  for (const auto& [name, model] : room.models) {
    const uint32_t taken = model.running + Offered(name);
    if (taken >= model.limit || PollsFor(name) >= kMostPollsOfOneModel) continue;
    const uint32_t free = model.limit - taken;
    poll.slots[name] = free;
    poll.jobs += free;
    v1::ModelSlots* slots = request.add_models();
    slots->set_model(name);
    slots->set_limit(model.limit);
    slots->set_free(free);
    slots->set_loaded(model.loaded);
  }
  if (poll.slots.empty()) return;
  // All the room is offered for other models, which may have no jobs: begin anew with all of them.
  if (offered_jobs >= room.jobs) return anew_due_ ? Withdraw() : BeginAnewSoon();
  poll.jobs = std::min(poll.jobs, room.jobs - offered_jobs);
  *request.mutable_worker() = worker_;
  request.set_heartbeat_number(callbacks_.heartbeat_number());
  request.set_max_jobs(poll.jobs);
  request.set_wait_ms(WireMs(options_.lease_wait));
  request.set_idle(room.idle && polls_.empty());
  request.set_continues(true);

  const uint64_t id = ++last_poll_;
  polls_.emplace(id, std::move(poll));
  ledger_->LeaseJobs(std::move(request), options_.lease_wait + kGrace,
                     [this, id](const absl::StatusOr<v1::LeaseJobsResponse>& response) {
                       TakeAnswer(id, response);
                     });
}

void LeasePolls::BeginAnewSoon() {
  if (anew_timer_ != 0) return;
  anew_timer_ = loop_->RunAfter(kPatience, [this] {
    anew_timer_ = 0;
    anew_due_ = true;
    Update();
    anew_due_ = false;
  });
}

void LeasePolls::TakeAnswer(uint64_t poll, const absl::StatusOr<v1::LeaseJobsResponse>& response) {
  polls_.erase(poll);
  if (response.ok()) {
    backoff_ = options_.shortest_backoff;
    if (failures_.Reset()) LogInfo("the ledger gives jobs again");
    for (const v1::LeasedJob& job : response->jobs()) callbacks_.on_job(job);
    return Update();
  }
  if (absl::IsCancelled(response.status())) return Update();
  failures_.Log(LogLevel::kWarning, "jobs could not be leased", {ErrorField(response.status())});
  if (retry_timer_ != 0) return;
  retry_timer_ = loop_->RunAfter(backoff_, [this] {
    retry_timer_ = 0;
    Update();
  });
  backoff_ = std::min(2 * backoff_, options_.longest_backoff);
}

size_t LeasePolls::PollsFor(const std::string& model) const {
  return static_cast<size_t>(
      std::count_if(polls_.begin(), polls_.end(),
                    [&model](const auto& poll) { return poll.second.slots.count(model) > 0; }));
}

uint32_t LeasePolls::Offered(const std::string& model) const {
  uint32_t offered = 0;
  for (const auto& [id, poll] : polls_) {
    const auto slots = poll.slots.find(model);
    if (slots != poll.slots.end()) offered += slots->second;
  }
  return offered;
}

}  // namespace genwatch
