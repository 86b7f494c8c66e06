#ifndef GENWATCH_TESTS_GENERATION_SERVICE_WORKER_FIXTURE_H_
#define GENWATCH_TESTS_GENERATION_SERVICE_WORKER_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "common/grpc_channel.h"
#include "common/grpc_server.h"
#include "common/metrics.h"
#include "generation_service/event_loop.h"
#include "generation_service/generation_service.h"
#include "generation_service/job_lease_client.h"
#include "generation_service/state_feed.h"
#include "generation_service/worker.h"
#include "genwatch/v1/generation_service.grpc.pb.h"
#include "tests/generation_service/fake_ledger.h"
#include "tests/generation_service/fake_model_client.h"
#include "tests/support/await.h"

namespace genwatch {

// A worker with its gRPC server, between a ledger over real gRPC and a model server of the test's.
// Its intervals are short; nothing depends on how short.
class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    options_.instance = "w_0123456789abcdef";
    options_.heartbeat_interval = absl::Milliseconds(50);
    options_.append_interval = absl::Milliseconds(30);
    options_.roster_interval = absl::Milliseconds(50);
    options_.lease_wait = absl::Seconds(2);
    options_.stopped_hand_over = absl::Milliseconds(300);
    options_.look_interval = absl::Milliseconds(100);
    options_.shortest_look_backoff = absl::Milliseconds(50);
    options_.longest_look_backoff = absl::Milliseconds(100);
    options_.shortest_backoff = absl::Milliseconds(20);
    options_.longest_backoff = absl::Milliseconds(80);
    options_.drain = absl::Milliseconds(300);
    options_.drain_results = absl::Milliseconds(500);
  }

  ~WorkerTest() override {
    feed_.Shutdown();
    server_.reset();
    worker_.reset();
    loop_.Stop();
  }

  static ModelServerLook Answers() {
    ModelServerLook look;
    look.version = "0.24.0";
    look.models.emplace();
    for (const char* name : {"m", "n"}) {
      v1::Model& model = look.models->emplace_back();
      model.set_name(name);
      model.add_capabilities("completion");
    }
    look.models->back().add_capabilities("thinking");
    look.loaded.emplace();
    return look;
  }

  static v1::LeasedJob Job(const std::string& job_id, const std::string& model = "m") {
    v1::LeasedJob job;
    job.set_job_id(job_id);
    job.set_version(2);
    job.set_attempt(1);
    job.mutable_spec()->set_model(model);
    job.mutable_spec()->set_prompt("hi");
    v1::LeaseBase* base = job.add_bases();
    base->set_version(2);
    job.set_max_output_bytes(1 << 20);
    return job;
  }

  // For a ledger that goes and comes back: a port that the kernel gives nobody meanwhile, neither
  // another test nor our own connection attempts (they would connect to themselves).
  void UseAPortThatStaysOurs() {
    std::random_device random;
    std::unique_ptr<FakeLedger> ledger;
    for (int tries = 0; ledger == nullptr && tries < 100; ++tries) {
      ledger = FakeLedger::StartAt(std::uniform_int_distribution(20'000, 32'000)(random));
    }
    ASSERT_NE(ledger, nullptr);
    ledger_ = std::move(ledger);
  }

  void Start() {
    models_.SetLook(Answers());
    Run();
  }

  void Run() {
    metrics_ = *Metrics::Start("127.0.0.1", Metrics::kNoListener, "test");
    ledger_client_ = std::make_unique<JobLeaseClient>(&loop_, ledger_->address());
    worker_ = std::make_unique<Worker>(Worker::Parts{.loop = &loop_,
                                                     .ledger = ledger_client_.get(),
                                                     .models = &models_,
                                                     .feed = &feed_,
                                                     .metrics = metrics_.get()},
                                       options_, [this](bool ready) { ready_ = ready; });
    service_ = std::make_unique<GenerationServiceImpl>(worker_.get(), &feed_);
    GrpcServerOptions server_options;
    server_options.drain = absl::ZeroDuration();
    server_ = *GrpcServer::Start(server_options, {service_.get()});
    worker_->Start(server_->address());
    stub_ = v1::GenerationService::NewStub(InternalChannel(server_->address(), "pick_first"));
  }

  // A job that the model server works on: its conversation's index.
  size_t StartJob(const v1::LeasedJob& job) {
    const size_t index = models_.started();
    ledger_->Submit(job);
    EXPECT_TRUE(Await([&] { return models_.started() > index; })) << job.job_id();
    return index;
  }

  v1::StopGenerationResponse StopGeneration(const std::string& job_id, uint32_t version = 2) {
    grpc::ClientContext context;
    v1::StopGenerationRequest request;
    request.set_job_id(job_id);
    request.set_version(version);
    request.set_reason(v1::STOP_REASON_CANCELLED);
    v1::StopGenerationResponse response;
    const grpc::Status status = stub_->StopGeneration(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  v1::GetCapacityResponse GetCapacity() {
    grpc::ClientContext context;
    v1::GetCapacityResponse response;
    const grpc::Status status = stub_->GetCapacity(&context, {}, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  // Heartbeats that were sent from now on list the job, or don't.
  bool AwaitListed(const std::string& job_id, bool listed) {
    const size_t before = ledger_->heartbeats().size();
    return Await([&] {
      const auto heartbeats = ledger_->heartbeats();
      if (heartbeats.size() <= before + 1) return false;
      for (const v1::HeldJob& held : heartbeats.back().jobs()) {
        if (held.job_id() == job_id) return listed;
      }
      return !listed;
    });
  }

  // All pieces of a channel, in order and without a gap.
  static std::string Join(const google::protobuf::RepeatedPtrField<v1::TextPiece>& pieces,
                          v1::Channel channel) {
    std::string text;
    for (const v1::TextPiece& piece : pieces) {
      if (piece.channel() == channel) text += piece.text();
    }
    return text;
  }

  WorkerOptions options_;
  EventLoop loop_{"worker"};
  std::unique_ptr<FakeLedger> ledger_ = std::make_unique<FakeLedger>();
  FakeModelClient models_{&loop_};
  StateFeed feed_;
  std::atomic<bool> ready_ = false;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<JobLeaseClient> ledger_client_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<GenerationServiceImpl> service_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<v1::GenerationService::Stub> stub_;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_GENERATION_SERVICE_WORKER_FIXTURE_H_
