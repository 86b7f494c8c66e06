#include "tests/job_service/job_services_fixture.h"

namespace genwatch {

JobServicesTest::JobServicesTest()
    : metrics_(*Metrics::Start("127.0.0.1", Metrics::kNoListener, "test")),
      control_(&store_, &feeder_,
               [this](const std::string&, const std::string&, uint32_t, v1::StopReason) {
                 ++stops_;
                 MutexLock lock(mutex_);
                 return stopped_;
               }),
      broker_([this](const v1::LeaseJobsRequest& request) { return leaser_.Lease(request); },
              &executor_, &timers_),
      service_metrics_(std::make_unique<ServiceMetrics>(*metrics_)) {
  health_.Set(true);
  for (const char* instance : {"w_1", "w_2"}) {
    v1::Worker worker;
    worker.set_instance(instance);
    EXPECT_TRUE(store_.Heartbeat(worker, 1, {}).ok());
  }
  EXPECT_TRUE(queue_.MarkRebuilt(*queue_.ServerId()).ok());
  job_service_ = std::make_unique<JobServiceImpl>(
      JobServiceOptions{}, JobServiceParts{.store = &store_,
                                           .feeder = &feeder_,
                                           .control = &control_,
                                           .waiters = &waiters_,
                                           .models = &models_,
                                           .metrics = service_metrics_.get(),
                                           .executor = &executor_,
                                           .control_executor = &control_executor_});
  lease_service_ = std::make_unique<JobLeaseServiceImpl>(
      JobLeaseServiceParts{.store = &store_,
                           .feeder = &feeder_,
                           .waiters = &waiters_,
                           .broker = &broker_,
                           .models = &models_,
                           .metrics = service_metrics_.get(),
                           .executor = &executor_,
                           .heartbeat_executor = &heartbeat_executor_});
  feed_service_ = std::make_unique<JobFeedServiceImpl>(JobFeedServiceParts{.store = &store_,
                                                                           .queue = &queue_,
                                                                           .models = &models_,
                                                                           .waits = &waits_,
                                                                           .executor = &executor_,
                                                                           .clock = &clock_});
  wakes_ = queue_.OnEnqueued([this](const std::string& model) { broker_.Wake(model); });
  server_ = std::make_unique<GrpcTestServer>(
      std::vector<grpc::Service*>{job_service_.get(), lease_service_.get(), feed_service_.get()});
  jobs_ = v1::JobService::NewStub(server_->channel());
  leases_ = v1::JobLeaseService::NewStub(server_->channel());
  feed_ = v1::JobFeedService::NewStub(server_->channel());
}

JobServicesTest::~JobServicesTest() {
  wakes_.reset();
  broker_.Shutdown();
  waiters_.Shutdown();
  server_->server().Drain();
  executor_.Shutdown();
  control_executor_.Shutdown();
  heartbeat_executor_.Shutdown();
}

void JobServicesTest::SetStopped(const v1::StopGenerationResponse& stopped) {
  MutexLock lock(mutex_);
  stopped_ = stopped;
}

v1::SubmitJobRequest JobServicesTest::Request(const std::string& prompt) {
  v1::SubmitJobRequest request;
  request.mutable_spec()->set_prompt(prompt);
  request.mutable_spec()->set_model("m");
  return request;
}

absl::StatusOr<v1::Job> JobServicesTest::Submit(const v1::SubmitJobRequest& request,
                                                const std::string& user) {
  auto context = TestContext(user);
  v1::SubmitJobResponse response;
  const absl::Status status = FromGrpcStatus(jobs_->SubmitJob(context.get(), request, &response));
  if (!status.ok()) return status;
  return response.job();
}

absl::StatusOr<v1::Job> JobServicesTest::Submit(const std::string& prompt,
                                                const std::string& user) {
  return Submit(Request(prompt), user);
}

absl::StatusOr<v1::Job> JobServicesTest::Get(const std::string& job_id, const std::string& user) {
  auto context = TestContext(user);
  v1::GetJobRequest request;
  request.set_job_id(job_id);
  v1::GetJobResponse response;
  const absl::Status status = FromGrpcStatus(jobs_->GetJob(context.get(), request, &response));
  if (!status.ok()) return status;
  return response.job();
}

absl::StatusOr<v1::Job> JobServicesTest::Cancel(const std::string& job_id,
                                                const std::string& user) {
  auto context = TestContext(user);
  v1::CancelJobRequest request;
  request.set_job_id(job_id);
  v1::CancelJobResponse response;
  const absl::Status status = FromGrpcStatus(jobs_->CancelJob(context.get(), request, &response));
  if (!status.ok()) return status;
  return response.job();
}

absl::StatusOr<v1::LeaseJobsResponse> JobServicesTest::Lease(uint32_t wait_ms,
                                                             const std::string& instance) {
  auto context = TestContext();
  v1::LeaseJobsRequest request;
  request.mutable_worker()->set_instance(instance);
  request.mutable_worker()->set_address("127.0.0.1:1");
  request.mutable_worker()->set_server_url("http://models");
  v1::ModelSlots& slots = *request.add_models();
  slots.set_model("m");
  slots.set_limit(1);
  slots.set_free(1);
  request.set_max_jobs(1);
  request.set_wait_ms(wait_ms);
  v1::LeaseJobsResponse response;
  const absl::Status status = FromGrpcStatus(leases_->LeaseJobs(context.get(), request, &response));
  if (!status.ok()) return status;
  return response;
}

absl::Status JobServicesTest::Append(const v1::LeasedJob& job, const std::string& text) {
  auto context = TestContext();
  v1::AppendTextRequest request;
  request.set_instance("w_1");
  v1::TextAppend& append = *request.add_appends();
  append.set_job_id(job.job_id());
  append.set_version(job.version());
  v1::TextPiece& piece = *append.add_pieces();
  piece.set_channel(v1::CHANNEL_ANSWER);
  piece.set_text(text);
  v1::AppendTextResponse response;
  const absl::Status status =
      FromGrpcStatus(leases_->AppendText(context.get(), request, &response));
  if (!status.ok()) return status;
  return response.kept(0).lease_lost() ? absl::AbortedError("lease lost") : absl::OkStatus();
}

absl::StatusOr<v1::FinishAttemptResponse> JobServicesTest::Finish(const v1::LeasedJob& job,
                                                                  v1::Outcome outcome,
                                                                  const std::string& reason) {
  auto context = TestContext();
  v1::FinishAttemptRequest request;
  request.set_instance("w_1");
  request.set_job_id(job.job_id());
  request.set_version(job.version());
  request.set_outcome(outcome);
  request.set_reason(reason);
  request.set_error_message(reason.empty() ? "" : "It went wrong.");
  v1::FinishAttemptResponse response;
  const absl::Status status =
      FromGrpcStatus(leases_->FinishAttempt(context.get(), request, &response));
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<v1::HeartbeatResponse> JobServicesTest::Beat(
    uint32_t number, const std::vector<v1::LeasedJob>& held) {
  auto context = TestContext();
  v1::HeartbeatRequest request;
  request.mutable_worker()->set_instance("w_1");
  request.set_number(number);
  for (const v1::LeasedJob& job : held) {
    v1::HeldJob& listed = *request.add_jobs();
    listed.set_job_id(job.job_id());
    listed.set_version(job.version());
  }
  v1::HeartbeatResponse response;
  const absl::Status status = FromGrpcStatus(leases_->Heartbeat(context.get(), request, &response));
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<v1::JobStateEntry> JobServicesTest::State(const std::string& job_id,
                                                         const std::string& owner) {
  auto context = TestContext();
  v1::GetJobStatesRequest request;
  request.add_jobs()->set_job_id(job_id);
  request.set_owner_id(owner);
  v1::GetJobStatesResponse response;
  const absl::Status status =
      FromGrpcStatus(feed_->GetJobStates(context.get(), request, &response));
  if (!status.ok()) return status;
  return response.jobs(0);
}

}  // namespace genwatch
