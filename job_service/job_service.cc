#include "job_service/job_service.h"

#include <algorithm>
#include <utility>

#include "common/grpc_status.h"
#include "common/status.h"
#include "common/unary.h"
#include "job_service/ids.h"
#include "job_service/job_proto.h"
#include "job_service/page_token.h"

namespace genwatch {
namespace {

constexpr uint32_t kDefaultPage = 50;
constexpr uint32_t kMostPage = 200;
constexpr uint32_t kMostWaitMs = 60'000;
constexpr size_t kMostOutputBytes = 256 << 10;

// Finishes when the waiters answer. A caller that went away is answered all the same, unheard.
class WaitForJob : public grpc::ServerUnaryReactor {
 public:
  void OnDone() override { delete this; }
};

}  // namespace

absl::StatusOr<JobRecord> JobServiceImpl::OwnJob(const std::string& owner,
                                                 const std::string& job_id) {
  absl::StatusOr<JobRecord> job = parts_.store->Get(job_id);
  if (job.ok() && job->owner_id != owner) return JobNotFound(job_id);
  return job;
}

absl::Status JobServiceImpl::Show(const JobRecord& record, v1::JobView view, v1::Job& job) {
  job = ToJob(record, view);
  if (view == v1::JOB_VIEW_BASIC || record.attempt == 0) return absl::OkStatus();
  absl::StatusOr<std::vector<AttemptRecord>> attempts = parts_.store->ListAttempts(record.job_id);
  if (attempts.ok()) AddAttempts(record, *attempts, job);
  return attempts.status();
}

grpc::ServerUnaryReactor* JobServiceImpl::GetJob(grpc::CallbackServerContext* context,
                                                 const v1::GetJobRequest* request,
                                                 v1::GetJobResponse* response) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  if (absl::Status status = CheckJobId(request->job_id()); !status.ok()) {
    return FinishWith(context, status);
  }
  if (request->wait_ms() == 0) {
    return RunUnary(context, *parts_.executor, [this, owner = *caller, request, response] {
      absl::StatusOr<JobRecord> job = OwnJob(owner, request->job_id());
      if (!job.ok()) return job.status();
      return Show(*job, request->view(), *response->mutable_job());
    });
  }
  auto* reactor = new WaitForJob;
  const absl::Status accepted = parts_.executor->Submit([this, reactor, owner = *caller, request,
                                                         response] {
    const auto finish = [this, reactor, owner, request, response](absl::StatusOr<JobRecord> job) {
      if (job.ok() && job->owner_id != owner) job = JobNotFound(request->job_id());
      absl::Status status = job.status();
      if (job.ok()) status = Show(*job, request->view(), *response->mutable_job());
      reactor->Finish(ToGrpcStatus(status));
    };
    absl::StatusOr<JobRecord> job = OwnJob(owner, request->job_id());
    if (!job.ok() || job->version > request->known_version() || IsTerminal(job->state)) {
      finish(std::move(job));
      return;
    }
    parts_.waiters->Add(request->job_id(), request->known_version(),
                        absl::Milliseconds(std::min(request->wait_ms(), kMostWaitMs)), finish);
  });
  if (!accepted.ok()) reactor->Finish(ToGrpcStatus(accepted));
  return reactor;
}

grpc::ServerUnaryReactor* JobServiceImpl::ListJobs(grpc::CallbackServerContext* context,
                                                   const v1::ListJobsRequest* request,
                                                   v1::ListJobsResponse* response) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  return RunUnary(context, *parts_.executor, [this, owner = *caller, request, response] {
    return List(owner, *request, *response);
  });
}

absl::Status JobServiceImpl::List(const std::string& owner, const v1::ListJobsRequest& request,
                                  v1::ListJobsResponse& response) {
  JobFilter filter{.owner_id = owner, .model = request.model()};
  for (int state : request.states()) filter.states.push_back(static_cast<JobState>(state));
  filter.labels.assign(request.labels().begin(), request.labels().end());
  std::sort(filter.labels.begin(), filter.labels.end());
  filter.label_keys.assign(request.label_keys().begin(), request.label_keys().end());
  std::sort(filter.label_keys.begin(), filter.label_keys.end());
  if (absl::Status status = CheckLabelKeys(filter.label_keys); !status.ok()) return status;
  absl::StatusOr<uint64_t> before = ReadPageToken(filter, request.page_token());
  if (!before.ok()) return before.status();
  const uint32_t size =
      request.page_size() == 0 ? kDefaultPage : std::min(request.page_size(), kMostPage);
  // One more tells whether there is a next page.
  absl::StatusOr<std::vector<JobRecord>> jobs = parts_.store->List(filter, *before, size + 1);
  if (!jobs.ok()) return jobs.status();
  const v1::JobView view =
      request.view() == v1::JOB_VIEW_FULL ? v1::JOB_VIEW_FULL : v1::JOB_VIEW_BASIC;
  for (size_t i = 0; i < jobs->size() && i < size; ++i) {
    *response.add_jobs() = ToJob((*jobs)[i], view);
  }
  if (jobs->size() > size) {
    response.set_next_page_token(MakePageToken(filter, (*jobs)[size - 1].row_id));
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* JobServiceImpl::GetJobOutput(grpc::CallbackServerContext* context,
                                                       const v1::GetJobOutputRequest* request,
                                                       v1::GetJobOutputResponse* response) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  if (absl::Status status = CheckJobId(request->job_id()); !status.ok()) {
    return FinishWith(context, status);
  }
  return RunUnary(context, *parts_.executor, [this, owner = *caller, request, response] {
    return Output(owner, *request, *response);
  });
}

absl::Status JobServiceImpl::Output(const std::string& owner,
                                    const v1::GetJobOutputRequest& request,
                                    v1::GetJobOutputResponse& response) {
  if (absl::StatusOr<JobRecord> job = OwnJob(owner, request.job_id()); !job.ok()) {
    return job.status();
  }
  const v1::Channel channel =
      request.channel() == v1::CHANNEL_THINKING ? v1::CHANNEL_THINKING : v1::CHANNEL_ANSWER;
  absl::StatusOr<TextRead> read =
      parts_.store->ReadText(request.job_id(), channel, request.offset(), kMostOutputBytes);
  if (!read.ok()) return read.status();
  response.set_channel(channel);
  response.set_offset(read->offset);
  response.set_text_length(read->text_length);
  response.set_complete(IsTerminal(read->state) &&
                        read->offset + read->text.size() == read->text_length);
  response.set_text(std::move(read->text));
  return absl::OkStatus();
}

}  // namespace genwatch
