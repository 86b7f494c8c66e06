#include "tests/chaos/proxy/grpc_relay.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "common/grpc_channel.h"
#include "common/grpc_status.h"
#include "common/status.h"
#include "genwatch/v1/job_lease_service.grpc.pb.h"
#include "tests/chaos/proxy/tcp_proxy.h"
#include "tests/support/await.h"
#include "tests/support/grpc_test_server.h"

namespace genwatch {
namespace {

// Answers each heartbeat with its worker and caller, and counts them; leases are never answered.
class Ledger : public v1::JobLeaseService::CallbackService {
 public:
  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const v1::HeartbeatRequest* request,
                                      v1::HeartbeatResponse* response) override {
    ++beats;
    const auto user = context->client_metadata().find("x-genwatch-user");
    if (user != context->client_metadata().end()) {
      response->add_stop()->set_job_id(std::string(user->second.data(), user->second.size()));
    }
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(request->number() == 0
                        ? ToGrpcStatus(Error(absl::StatusCode::kAborted, "NO_NUMBER", "none"))
                        : grpc::Status::OK);
    return reactor;
  }
  grpc::ServerUnaryReactor* LeaseJobs(grpc::CallbackServerContext*, const v1::LeaseJobsRequest*,
                                      v1::LeaseJobsResponse*) override {
    class Waits : public grpc::ServerUnaryReactor {
     public:
      explicit Waits(std::atomic<int>* given_up) : given_up_(given_up) {}
      void OnCancel() override {
        ++*given_up_;
        Finish(grpc::Status::CANCELLED);
      }
      void OnDone() override { delete this; }

     private:
      std::atomic<int>* const given_up_;
    };
    ++polls;
    return new Waits(&given_up);
  }

  std::atomic<int> beats = 0;
  std::atomic<int> polls = 0;
  std::atomic<int> given_up = 0;
};

class GrpcRelayTest : public testing::Test {
 protected:
  absl::Status Beat(uint32_t number, absl::Duration deadline = absl::Seconds(20)) {
    const auto context = TestContext("ada", deadline);
    v1::HeartbeatRequest request;
    request.set_number(number);
    return FromGrpcStatus(stub_->Heartbeat(context.get(), request, &response_));
  }

  Ledger ledger_;
  const GrpcTestServer server_{{&ledger_}};
  std::atomic<GrpcRelay::Fate> fate_ = GrpcRelay::Fate::kArrives;
  std::atomic<TcpProxy*> cut_ = nullptr;
  const GrpcRelay relay_{server_.address(), [this](const GrpcRelay::Answer& answer) {
                           EXPECT_EQ(answer.method, "/genwatch.v1.JobLeaseService/Heartbeat");
                           EXPECT_GT(answer.bytes, 0U);
                           v1::HeartbeatRequest request;
                           EXPECT_TRUE(request.ParseFromString(answer.request));
                           EXPECT_GT(request.number(), 0U);
                           if (TcpProxy* const proxy = cut_.exchange(nullptr)) proxy->Cut();
                           return fate_.load();
                         }};
  // In front of the relay, as a link that breaks.
  const std::unique_ptr<TcpProxy> proxy_ = TcpProxy::Start(relay_.address()).value();
  const std::unique_ptr<v1::JobLeaseService::Stub> stub_ =
      v1::JobLeaseService::NewStub(InternalChannel(proxy_->address()));
  v1::HeartbeatResponse response_;
};

TEST_F(GrpcRelayTest, PassesRequestAnswerAndCallerOn) {
  ASSERT_TRUE(Beat(1).ok());
  ASSERT_EQ(response_.stop_size(), 1);
  EXPECT_EQ(response_.stop(0).job_id(), "ada");
}

TEST_F(GrpcRelayTest, PassesErrorsOnWithTheirDetails) {
  fate_ = GrpcRelay::Fate::kBroken;  // no answer, nothing to lose
  const absl::Status status = Beat(0);
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_EQ(ReasonOf(status), "NO_NUMBER");
}

TEST_F(GrpcRelayTest, ABrokenAnswerWasGivenAll) {
  fate_ = GrpcRelay::Fate::kBroken;
  EXPECT_TRUE(absl::IsUnavailable(Beat(1)));
  EXPECT_EQ(ledger_.beats, 1);
  fate_ = GrpcRelay::Fate::kArrives;
  EXPECT_TRUE(Beat(2).ok());
}

TEST_F(GrpcRelayTest, ASilentOneIsWaitedForUntilTheDeadline) {
  fate_ = GrpcRelay::Fate::kSilent;
  EXPECT_TRUE(absl::IsDeadlineExceeded(Beat(1, absl::Milliseconds(300))));
  EXPECT_EQ(ledger_.beats, 1);
}

TEST_F(GrpcRelayTest, TheLinkCanBeCutInsteadOfTheAnswer) {
  ASSERT_TRUE(Beat(1).ok());
  fate_ = GrpcRelay::Fate::kSilent;
  cut_ = proxy_.get();
  EXPECT_TRUE(absl::IsUnavailable(Beat(2)));
  EXPECT_EQ(ledger_.beats, 2);
  EXPECT_EQ(proxy_->counts().cut, 1U);
  fate_ = GrpcRelay::Fate::kArrives;
  EXPECT_TRUE(Await([&] { return Beat(3).ok(); }));
}

TEST_F(GrpcRelayTest, ACallThatIsGivenUpIsGivenUpBehindItToo) {
  const auto context = TestContext();
  v1::LeaseJobsResponse response;
  std::atomic<bool> done = false;
  const v1::LeaseJobsRequest request;
  stub_->async()->LeaseJobs(context.get(), &request, &response,
                            [&](const grpc::Status&) { done = true; });
  ASSERT_TRUE(Await([&] { return ledger_.polls == 1; }));
  context->TryCancel();
  EXPECT_TRUE(Await([&] { return ledger_.given_up == 1 && done; }));
}

}  // namespace
}  // namespace genwatch
