#include "generation_service/heartbeats.h"

#include <algorithm>
#include <utility>

#include "common/log.h"

namespace genwatch {
namespace {

// Of the interval: the answer is given up shortly before the next one is due.
constexpr double kDeadlineShare = 0.9;

}  // namespace

Heartbeats::Heartbeats(EventLoop* loop, JobLeaseClient* ledger, absl::Duration interval,
                       absl::Duration lease, Callbacks callbacks)
    : loop_(loop),
      ledger_(ledger),
      interval_(interval),
      lease_(lease),
      callbacks_(std::move(callbacks)),
      deadline_(kDeadlineShare * interval) {}

Heartbeats::~Heartbeats() { Stop(); }

void Heartbeats::Start() {
  stopped_ = false;
  answered_at_ = ticked_at_ = loop_->Now();
  Tick();
}

void Heartbeats::Stop() {
  stopped_ = true;
  loop_->Cancel(std::exchange(timer_, 0));
}

bool Heartbeats::MayPublish() {
  if (!stopped_ && loop_->Now() - ticked_at_ > lease_) {
    LogWarning("the loop stood still, nothing is published until a heartbeat is answered",
               {{"for", loop_->Now() - ticked_at_}});
    ticked_at_ = loop_->Now();
    unmuted_by_ = number_ + 1;
  }
  return unmuted_by_ == 0;
}

void Heartbeats::Tick() {
  MayPublish();
  ticked_at_ = loop_->Now();
  timer_ = loop_->RunAfter(interval_, [this] { Tick(); });
  if (!in_flight_) Send();
}

void Heartbeats::Send() {
  v1::HeartbeatRequest request = callbacks_.fill();
  request.set_number(++number_);
  in_flight_ = true;
  ledger_->Heartbeat(request, deadline_,
                     [this, request, sent_at = loop_->Now()](
                         const absl::StatusOr<v1::HeartbeatResponse>& response) {
                       TakeAnswer(request, sent_at, response);
                     });
}

void Heartbeats::TakeAnswer(const v1::HeartbeatRequest& request, absl::Duration sent_at,
                            const absl::StatusOr<v1::HeartbeatResponse>& response) {
  in_flight_ = false;
  if (!response.ok()) {
    // An answer that always comes a little late would never be heard, and jobs to be stopped would
    // run on: the next one is waited for longer, at the price of every other heartbeat.
    const bool late = absl::IsDeadlineExceeded(response.status());
    deadline_ = kDeadlineShare * interval_ + (late ? interval_ : absl::ZeroDuration());
    if (!stopped_) {
      failures_.Log(LogLevel::kWarning, "a heartbeat was not answered",
                    {{"number", request.number()}, ErrorField(response.status())});
    }
    return;
  }
  deadline_ = kDeadlineShare * interval_;
  if (failures_.Reset()) LogInfo("heartbeats are answered again", {{"number", request.number()}});
  last_answered_ = request.number();
  answered_at_ = loop_->Now();
  if (unmuted_by_ != 0 && request.number() >= unmuted_by_) unmuted_by_ = 0;
  callbacks_.on_answer(request, *response, sent_at);
}

}  // namespace genwatch
