#include "tests/chaos/harness/job_client.h"

#include <grpcpp/client_context.h>

#include <chrono>

#include "absl/time/clock.h"
#include "common/clock.h"
#include "common/grpc_channel.h"
#include "common/grpc_status.h"
#include "common/identity.h"

namespace genwatch::chaos {
namespace {

// Between tries of a submit that was not acknowledged.
constexpr absl::Duration kPause = absl::Milliseconds(100);

void Prepare(grpc::ClientContext& context, const std::string& user, absl::Duration timeout) {
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
  context.AddMetadata(kUserMetadataKey, user);
}

bool WorthRepeating(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsAborted(status) || absl::IsCancelled(status) || absl::IsUnknown(status) ||
         // Before the first worker has reported its models.
         absl::IsNotFound(status);
}

}  // namespace

std::shared_ptr<grpc::Channel> ChannelTo(const std::string& addresses) {
  return InternalChannel(addresses);
}

JobClient::JobClient(const std::string& address)
    : stub_(v1::JobService::NewStub(ChannelTo(address))) {}

absl::StatusOr<std::string> JobClient::Submit(const JobPlan& plan, absl::Duration timeout) {
  grpc::ClientContext context;
  Prepare(context, plan.owner, timeout);
  v1::SubmitJobRequest request;
  request.set_request_id(plan.request_id);
  request.mutable_spec()->set_model(plan.model);
  request.mutable_spec()->set_prompt(plan.prompt);
  if (plan.silence_ms > 0) {
    request.mutable_spec()->mutable_deadlines()->set_silence_ms(plan.silence_ms);
  }
  v1::SubmitJobResponse response;
  const absl::Status status = FromGrpcStatus(stub_->SubmitJob(&context, request, &response));
  if (!status.ok()) return status;
  return response.job().job_id();
}

absl::StatusOr<std::vector<SubmittedJob>> JobClient::SubmitAll(const std::vector<JobPlan>& plans,
                                                               absl::Duration limit) {
  const absl::Duration end = RealClock()->Monotonic() + limit;
  std::vector<SubmittedJob> jobs;
  jobs.reserve(plans.size());
  for (const JobPlan& plan : plans) {
    for (;;) {
      absl::StatusOr<std::string> job_id = Submit(plan);
      if (job_id.ok()) {
        jobs.push_back({.job_id = *std::move(job_id), .plan = plan});
        break;
      }
      if (!WorthRepeating(job_id.status()) || RealClock()->Monotonic() > end) {
        return job_id.status();
      }
      absl::SleepFor(kPause);
    }
  }
  return jobs;
}

absl::Status JobClient::Cancel(const std::string& job_id, const std::string& owner,
                               absl::Duration timeout) {
  grpc::ClientContext context;
  Prepare(context, owner, timeout);
  v1::CancelJobRequest request;
  request.set_job_id(job_id);
  v1::CancelJobResponse response;
  return FromGrpcStatus(stub_->CancelJob(&context, request, &response));
}

}  // namespace genwatch::chaos
