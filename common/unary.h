#ifndef GENWATCH_COMMON_UNARY_H_
#define GENWATCH_COMMON_UNARY_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "common/executor.h"
#include "common/grpc_status.h"

namespace genwatch {

// Answers a unary call at once. The response is filled in before. Thread-safe.
grpc::ServerUnaryReactor* FinishWith(grpc::CallbackServerContext* context,
                                     const absl::Status& status);

// Whether the caller of a call that has waited is still there and has time left: else the status to
// finish with.
absl::Status StillWanted(const grpc::CallbackServerContext& context);

// Runs `call` on the executor and finishes with its status; it fills the response in, which (like
// the request and the context) lives until then. An executor that is full or shut down is answered
// at once. A call that was cancelled, or whose deadline passed while it waited, is not run.
// Thread-safe. The executor outlives the server.
grpc::ServerUnaryReactor* RunUnary(grpc::CallbackServerContext* context, Executor& executor,
                                   absl::AnyInvocable<absl::Status()> call);

// For a server stream that is refused: sends nothing and finishes with the status. Never return
// null instead, the client would see UNIMPLEMENTED. Deletes itself.
template <class Response>
grpc::ServerWriteReactor<Response>* RejectStream(const absl::Status& status) {
  class Reactor : public grpc::ServerWriteReactor<Response> {
   public:
    explicit Reactor(const absl::Status& status) { this->Finish(ToGrpcStatus(status)); }
    void OnDone() override { delete this; }
  };
  return new Reactor(status);
}

}  // namespace genwatch

#endif  // GENWATCH_COMMON_UNARY_H_
