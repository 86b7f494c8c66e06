#include "generation_service/stream_states_reactor.h"

#include <cstddef>
#include <utility>

namespace genwatch {
namespace {

// Of one message: large enough to bring a late subscriber up quickly, small enough to let the
// newest numbers of other jobs pass soon.
constexpr size_t kTextBudget = 256 << 10;

}  // namespace

grpc::ServerWriteReactor<v1::StreamStatesResponse>* StreamStatesReactor::Start(
    StateFeed* feed, const v1::StreamStatesRequest& request) {
  auto reactor = std::make_shared<StreamStatesReactor>(feed, request);
  reactor->self_ = reactor;
  reactor->subscription_ = feed->Subscribe([weak = std::weak_ptr<StreamStatesReactor>(reactor)] {
    if (const auto self = weak.lock()) self->Wake();
  });
  reactor->Wake();
  return reactor.get();
}

StreamStatesReactor::StreamStatesReactor(StateFeed* feed, const v1::StreamStatesRequest& request)
    : feed_(feed), cursor_(request) {}

void StreamStatesReactor::Wake() {
  Step step;
  {
    MutexLock lock(mutex_);
    step = NextStep();
  }
  Take(step);
}

void StreamStatesReactor::OnWriteDone(bool ok) {
  Step step;
  {
    MutexLock lock(mutex_);
    writing_ = false;
    cancelled_ = cancelled_ || !ok;
    step = NextStep();
  }
  Take(step);
}

void StreamStatesReactor::OnCancel() {
  Step step;
  {
    MutexLock lock(mutex_);
    cancelled_ = true;
    step = NextStep();
  }
  Take(step);
}

void StreamStatesReactor::OnDone() {
  subscription_.reset();
  // A wake-up that runs just now holds another reference.
  const std::shared_ptr<StreamStatesReactor> last = std::move(self_);
}

StreamStatesReactor::Step StreamStatesReactor::NextStep() {
  if (writing_ || finished_) return Step::kNone;
  if (cancelled_) {
    finished_ = true;
    return Step::kFinishCancelled;
  }
  message_.Clear();
  switch (feed_->Collect(cursor_, kTextBudget, &message_)) {
    case StateFeed::Next::kNothing:
      return Step::kNone;
    case StateFeed::Next::kMessage:
      writing_ = true;
      return Step::kWrite;
    case StateFeed::Next::kEnd:
      finished_ = true;
      return Step::kFinish;
  }
  return Step::kNone;
}

void StreamStatesReactor::Take(Step step) {
  // After Finish nothing of this may be touched.
  if (step == Step::kWrite) StartWrite(&message_);
  if (step == Step::kFinish) return Finish(grpc::Status::OK);
  if (step == Step::kFinishCancelled) return Finish(grpc::Status::CANCELLED);
}

}  // namespace genwatch
