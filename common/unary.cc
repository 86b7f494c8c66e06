#include "common/unary.h"

#include <chrono>
#include <utility>

#include "absl/time/time.h"

namespace genwatch {

grpc::ServerUnaryReactor* FinishWith(grpc::CallbackServerContext* context,
                                     const absl::Status& status) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

absl::Status StillWanted(const grpc::CallbackServerContext& context) {
  if (context.IsCancelled()) {
    return absl::CancelledError("the call was cancelled while it waited");
  }
  if (context.deadline() <= std::chrono::system_clock::now()) {
    return absl::DeadlineExceededError("the deadline passed while the call waited");
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* RunUnary(grpc::CallbackServerContext* context, Executor& executor,
                                   absl::AnyInvocable<absl::Status()> call) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::Status accepted =
      executor.Submit([context, reactor, call = std::move(call)]() mutable {
        absl::Status status = StillWanted(*context);
        if (status.ok()) status = std::move(call)();
        reactor->Finish(ToGrpcStatus(status));
      });
  // Only a refused task is finished here, so exactly one place finishes.
  if (!accepted.ok()) reactor->Finish(ToGrpcStatus(accepted));
  return reactor;
}

}  // namespace genwatch
