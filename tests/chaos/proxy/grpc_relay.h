#ifndef GENWATCH_TESTS_CHAOS_PROXY_GRPC_RELAY_H_
#define GENWATCH_TESTS_CHAOS_PROXY_GRPC_RELAY_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace grpc {
class Server;
}

namespace genwatch {

// Passes unary gRPC calls of any service on to a server, with their metadata, deadlines, errors and
// cancellations, and loses answers: the server has done what it was asked, and the caller does not
// hear of it. Listens on a free loopback port. Thread-safe.
class GrpcRelay {
 public:
  enum class Fate {
    kArrives,
    kBroken,  // the caller is told UNAVAILABLE, as when its connection breaks
    kSilent,  // the caller waits until its deadline, or until its connection is cut
  };
  struct Answer {
    std::string method;   // "/package.Service/Method"
    std::string request;  // serialized, as it was sent
    size_t bytes = 0;     // of the answer's body
  };
  // What becomes of an answer that was OK. Called by many threads; what it does first has happened
  // when the answer is lost.
  using Decide = std::function<Fate(const Answer& answer)>;

  // `target` as for InternalChannel; aborts the program where it can't listen.
  GrpcRelay(const std::string& target, Decide decide);
  // Calls that are on their way are cancelled.
  ~GrpcRelay();

  std::string address() const;

 private:
  class Service;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_CHAOS_PROXY_GRPC_RELAY_H_
