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

grpc::ServerUnaryReactor* RunUnary(grpc::CallbackServerContext* context, Executor& executor,
                                   absl::AnyInvocable<absl::Status()> call) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::Status accepted = executor.Submit([context, reactor,
                                                 call = std::move(call)]() mutable {
    if (context->IsCancelled()) {
      reactor->Finish(ToGrpcStatus(absl::CancelledError("the call was cancelled while it waited")));
    } else if (context->deadline() <= std::chrono::system_clock::now()) {
      reactor->Finish(
          ToGrpcStatus(absl::DeadlineExceededError("the deadline passed while the call waited")));
    } else {
      reactor->Finish(ToGrpcStatus(std::move(call)()));
    }
  });
  // Only a refused task is finished here, so exactly one place finishes.
  if (!accepted.ok()) reactor->Finish(ToGrpcStatus(accepted));
  return reactor;
}

}  // namespace genwatch
