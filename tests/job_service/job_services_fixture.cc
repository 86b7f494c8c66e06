#include "tests/job_service/job_services_fixture.h"

namespace genwatch {
namespace {

// One call as `user`; what it answers.
template <class Service, class Request, class Response>
absl::StatusOr<Response> Call(Service& stub,
                              grpc::Status (Service::*method)(grpc::ClientContext*, const Request&,
                                                              Response*),
                              const Request& request, const std::string& user) {
  auto context = TestContext(user);
  Response response;
  const absl::Status status = FromGrpcStatus((stub.*method)(context.get(), request, &response));
  if (!status.ok()) return status;
  return response;
}

template <class Request, class Response>
absl::StatusOr<v1::Job> Order(v1::JobService::Stub& stub,
                              grpc::Status (v1::JobService::Stub::*method)(grpc::ClientContext*,
                                                                           const Request&,
                                                                           Response*),
                              const std::string& job_id, const std::string& user) {
  Request request;
  request.set_job_id(job_id);
  const absl::StatusOr<Response> response = Call(stub, method, request, user);
  if (!response.ok()) return response.status();
  return response->job();
}

}  // namespace

JobServicesTest::JobServicesTest()
    : metrics_(*Metrics::Start("127.0.0.1", Metrics::kNoListener, "test")),
      control_(&store_, &feeder_,
               [this](const std::string&, const std::string&, uint32_t, v1::StopReason reason) {
                 ++stops_;
                 MutexLock lock(mutex_);
                 stop_reason_ = reason;
                 return stopped_;
               }),
      broker_([this](const v1::LeaseJobsRequest& request) { return leaser_.Lease(request); },
              [this](const v1::LeaseJobsRequest& request, const v1::LeaseJobsResponse& found) {
                leaser_.GiveBack(request, found);
              },
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
      JobServiceOptions{.operators = {"root"}},
      JobServiceParts{.store = &store_,
                      .feeder = &feeder_,
                      .control = &control_,
                      .waiters = &waiters_,
                      .models = &models_,
                      .metrics = service_metrics_.get(),
                      .executor = &executor_,
                      .control_executor = &control_executor_,
                      .holds = &holds_,
                      .queue_view = &queue_view_,
                      .forecast = &forecast_,
                      .look_for_work = [this] { broker_.LookAll(); },
                      .clock = &clock_});
  lease_service_ = std::make_unique<JobLeaseServiceImpl>(
      JobLeaseServiceParts{.store = &store_,
                           .feeder = &feeder_,
                           .waiters = &waiters_,
                           .broker = &broker_,
                           .models = &models_,
                           .room = &room_,
                           .metrics = service_metrics_.get(),
                           .executor = &executor_,
                           .heartbeat_executor = &heartbeat_executor_});
  feed_service_ = std::make_unique<JobFeedServiceImpl>(JobFeedServiceParts{.store = &store_,
                                                                           .queue = &queue_,
                                                                           .models = &models_,
                                                                           .waits = &waits_,
                                                                           .holds = &holds_,
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

void JobServicesTest::SetStoppedWithTail(uint32_t offset, const std::string& text) {
  v1::StopGenerationResponse stopped;
  stopped.set_stopped(true);
  v1::TextPiece& tail = *stopped.add_pieces();
  tail.set_channel(v1::CHANNEL_ANSWER);
  tail.set_offset(offset);
  tail.set_text(text);
  SetStopped(stopped);
}

v1::StopReason JobServicesTest::LastStopReason() {
  MutexLock lock(mutex_);
  return stop_reason_;
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
  return Order(*jobs_, &v1::JobService::Stub::CancelJob, job_id, user);
}

absl::StatusOr<v1::Job> JobServicesTest::Pause(const std::string& job_id, const std::string& user) {
  return Order(*jobs_, &v1::JobService::Stub::PauseJob, job_id, user);
}

absl::StatusOr<v1::Job> JobServicesTest::Resume(const std::string& job_id,
                                                const std::string& user) {
  return Order(*jobs_, &v1::JobService::Stub::ResumeJob, job_id, user);
}

absl::StatusOr<v1::Job> JobServicesTest::Retry(const std::string& job_id, const std::string& user) {
  return Order(*jobs_, &v1::JobService::Stub::RetryJob, job_id, user);
}

absl::StatusOr<v1::Job> JobServicesTest::SetPriority(const std::string& job_id,
                                                     v1::Priority priority,
                                                     const std::string& user) {
  v1::UpdateJobRequest request;
  request.set_job_id(job_id);
  request.set_priority(priority);
  const auto response = Call(*jobs_, &v1::JobService::Stub::UpdateJob, request, user);
  if (!response.ok()) return response.status();
  return response->job();
}

absl::Status JobServicesTest::Delete(const std::string& job_id, const std::string& user) {
  v1::DeleteJobRequest request;
  request.set_job_id(job_id);
  return Call(*jobs_, &v1::JobService::Stub::DeleteJob, request, user).status();
}

absl::StatusOr<v1::GetQueueResponse> JobServicesTest::Queue(const std::string& model,
                                                            const std::string& user) {
  v1::GetQueueRequest request;
  request.set_model(model);
  return Call(*jobs_, &v1::JobService::Stub::GetQueue, request, user);
}

absl::Status JobServicesTest::Hold(const std::string& model, const std::string& note,
                                   const std::string& user) {
  v1::HoldModelRequest request;
  request.set_model(model);
  request.set_note(note);
  return Call(*jobs_, &v1::JobService::Stub::HoldModel, request, user).status();
}

absl::Status JobServicesTest::Release(const std::string& model, const std::string& user) {
  v1::ReleaseModelRequest request;
  request.set_model(model);
  return Call(*jobs_, &v1::JobService::Stub::ReleaseModel, request, user).status();
}

absl::StatusOr<v1::EstimateJobResponse> JobServicesTest::Estimate(
    const v1::EstimateJobRequest& request, const std::string& user) {
  return Call(*jobs_, &v1::JobService::Stub::EstimateJob, request, user);
}

absl::StatusOr<v1::ListJobsResponse> JobServicesTest::List(const v1::ListJobsRequest& request,
                                                           const std::string& user) {
  return Call(*jobs_, &v1::JobService::Stub::ListJobs, request, user);
}

absl::StatusOr<v1::ListEstimateSamplesResponse> JobServicesTest::Samples(
    const v1::ListEstimateSamplesRequest& request, const std::string& user) {
  return Call(*jobs_, &v1::JobService::Stub::ListEstimateSamples, request, user);
}

std::string JobServicesTest::Output(const std::string& job_id, const std::string& user) {
  v1::GetJobOutputRequest request;
  request.set_job_id(job_id);
  const auto response = Call(*jobs_, &v1::JobService::Stub::GetJobOutput, request, user);
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? response->text() : "";
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
