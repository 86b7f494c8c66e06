#include "job_service/job_feed_service.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status.h"
#include "common/string_view.h"
#include "common/unary.h"
#include "job_service/job_proto.h"
#include "job_service/queue_feeder.h"

namespace genwatch {
namespace {

constexpr int kMostQueries = 1000;
constexpr int kMostTexts = 100;
constexpr int kMostRecords = 2000;
constexpr size_t kMostActive = 500;
constexpr size_t kMostTextBytes = 1 << 20;

absl::Status TooMany(std::string_view field, int most) {
  const std::string text = absl::StrCat("are more than ", most, " at once");
  return WithFieldViolation(
      Error(absl::StatusCode::kInvalidArgument, "TOO_MANY", absl::StrCat(ToAbsl(field), " ", text)),
      field, text);
}

}  // namespace

grpc::ServerUnaryReactor* JobFeedServiceImpl::GetJobStates(grpc::CallbackServerContext* context,
                                                           const v1::GetJobStatesRequest* request,
                                                           v1::GetJobStatesResponse* response) {
  if (request->jobs_size() > kMostQueries) {
    return FinishWith(context, TooMany("jobs", kMostQueries));
  }
  return RunUnary(context, *parts_.executor,
                  [this, request, response] { return States(*request, *response); });
}

absl::Status JobFeedServiceImpl::States(const v1::GetJobStatesRequest& request,
                                        v1::GetJobStatesResponse& response) {
  std::vector<std::string> ids;
  ids.reserve(request.jobs_size());
  for (const v1::JobQuery& query : request.jobs()) ids.push_back(query.job_id());
  const bool any_fixed = std::any_of(request.jobs().begin(), request.jobs().end(),
                                     [](const v1::JobQuery& query) { return query.want_fixed(); });
  absl::StatusOr<std::vector<JobRecord>> found =
      any_fixed ? parts_.store->GetMany(ids) : parts_.store->GetManyBriefly(ids);
  if (!found.ok()) return found.status();
  std::map<std::string_view, const JobRecord*> by_id;
  for (const JobRecord& job : *found) by_id.emplace(job.job_id, &job);

  const absl::Time now = parts_.clock->Now();
  std::vector<JobRecord> waiting;
  std::vector<int> waiting_entries;
  for (const v1::JobQuery& query : request.jobs()) {
    const auto it = by_id.find(query.job_id());
    if (it == by_id.end() ||
        (!request.owner_id().empty() && it->second->owner_id != request.owner_id())) {
      v1::JobStateEntry& entry = *response.add_jobs();
      entry.set_job_id(query.job_id());
      entry.set_not_found(true);
      continue;
    }
    const JobRecord& job = *it->second;
    const bool waits = job.state == v1::Job::STATE_QUEUED;
    // What waits moves without a change of version.
    if (job.version <= query.known_version() && !waits && !query.want_fixed()) continue;
    v1::JobStateEntry& entry = *response.add_jobs();
    entry.set_job_id(job.job_id);
    *entry.mutable_progress() = ToProgress(job, now);
    if (query.want_fixed()) *entry.mutable_fixed() = ToJobFixed(job);
    entry.mutable_bases()->Assign(job.bases.begin(), job.bases.end());
    entry.set_worker_address(job.worker_address);
    entry.set_worker_instance(job.instance);
    if (waits) {
      waiting.push_back(job);
      waiting_entries.push_back(response.jobs_size() - 1);
    }
  }
  std::vector<v1::Progress*> progress;
  for (int index : waiting_entries) {
    progress.push_back(response.mutable_jobs(index)->mutable_progress());
  }
  AddQueuePlaces(waiting, progress);
  return absl::OkStatus();
}

void JobFeedServiceImpl::AddQueuePlaces(const std::vector<JobRecord>& waiting,
                                        const std::vector<v1::Progress*>& progress) {
  std::vector<QueueEntry> entries;
  for (const JobRecord& job : waiting) entries.push_back(QueueEntryOf(job));
  // Without the queue nobody knows the position: 0.
  absl::StatusOr<std::vector<QueuePlace>> places =
      entries.empty() ? std::vector<QueuePlace>() : parts_.queue->Places(entries);
  absl::StatusOr<std::vector<ModelHold>> holds =
      entries.empty() ? std::vector<ModelHold>() : parts_.holds->List();
  for (size_t i = 0; i < waiting.size(); ++i) {
    const std::string& model = waiting[i].spec.model();
    progress[i]->set_held(holds.ok() && IsHeld(*holds, model));
    if (places.ok() && i < places->size()) {
      progress[i]->set_queue_position((*places)[i].position);
      progress[i]->set_queue_size((*places)[i].size);
    }
    if (std::optional<ModelOutage> outage = parts_.models->OutageOf(model)) {
      // A retry of its own that is due later is the better answer to "when".
      const absl::Time own = waiting[i].not_before.value_or(absl::InfinitePast());
      progress[i]->set_reason(outage->reason);
      progress[i]->set_error_message(outage->message);
      *progress[i]->mutable_retry_time() = ToTimestamp(std::max(own, outage->next_look));
    } else if (progress[i]->held()) {
      // Until whenever somebody releases it.
    } else if (std::optional<uint32_t> wait =
                   parts_.waits->ExpectedWaitMs(model, progress[i]->queue_position())) {
      progress[i]->set_expected_wait_ms(*wait);
    }
  }
}

grpc::ServerUnaryReactor* JobFeedServiceImpl::ReadTexts(grpc::CallbackServerContext* context,
                                                        const v1::ReadTextsRequest* request,
                                                        v1::ReadTextsResponse* response) {
  if (request->texts_size() > kMostTexts) return FinishWith(context, TooMany("texts", kMostTexts));
  return RunUnary(context, *parts_.executor,
                  [this, request, response] { return Texts(*request, *response); });
}

absl::Status JobFeedServiceImpl::Texts(const v1::ReadTextsRequest& request,
                                       v1::ReadTextsResponse& response) {
  size_t left = kMostTextBytes;
  for (const v1::TextQuery& query : request.texts()) {
    v1::TextSlice& slice = *response.add_slices();
    slice.set_job_id(query.job_id());
    slice.mutable_piece()->set_channel(query.channel());
    slice.mutable_piece()->set_offset(query.offset());
    absl::StatusOr<TextRead> read =
        parts_.store->ReadText(query.job_id(), query.channel(), query.offset(), left);
    if (absl::IsNotFound(read.status())) {
      slice.set_not_found(true);
      continue;
    }
    if (absl::IsOutOfRange(read.status())) {
      // The text was cut since the caller heard its length: how long it is now is the answer.
      read = parts_.store->ReadText(query.job_id(), query.channel(), 0, 0);
      if (read.ok()) read->text.clear();
      if (read.ok()) read->offset = query.offset();
    }
    if (!read.ok()) return read.status();
    slice.set_version(read->version);
    slice.mutable_piece()->set_offset(read->offset);
    slice.set_text_length(read->text_length);
    left -= std::min(left, read->text.size());
    slice.mutable_piece()->set_text(std::move(read->text));
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* JobFeedServiceImpl::RecordProgress(
    grpc::CallbackServerContext* context, const v1::RecordProgressRequest* request,
    v1::RecordProgressResponse* response) {
  if (request->records_size() > kMostRecords) {
    return FinishWith(context, TooMany("records", kMostRecords));
  }
  return RunUnary(context, *parts_.executor, [this, request, response] {
    const std::vector<v1::ProgressRecord> records(request->records().begin(),
                                                  request->records().end());
    absl::StatusOr<uint32_t> recorded = parts_.store->RecordProgress(records);
    if (!recorded.ok()) return recorded.status();
    response->set_recorded(*recorded);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* JobFeedServiceImpl::RecordScores(grpc::CallbackServerContext* context,
                                                           const v1::RecordScoresRequest* request,
                                                           v1::RecordScoresResponse* response) {
  if (request->scores_size() > kMostRecords) {
    return FinishWith(context, TooMany("scores", kMostRecords));
  }
  return RunUnary(context, *parts_.executor, [this, request, response] {
    const std::vector<v1::EstimateScore> scores(request->scores().begin(), request->scores().end());
    absl::StatusOr<uint32_t> recorded = parts_.store->RecordScores(scores);
    if (recorded.ok()) response->set_recorded(*recorded);
    return recorded.status();
  });
}

grpc::ServerUnaryReactor* JobFeedServiceImpl::ListActive(grpc::CallbackServerContext* context,
                                                         const v1::ListActiveRequest* request,
                                                         v1::ListActiveResponse* response) {
  return RunUnary(context, *parts_.executor, [this, request, response] {
    absl::StatusOr<std::vector<std::string>> ids =
        parts_.store->ListActive(request->owner_id(), kMostActive + 1);
    if (!ids.ok()) return ids.status();
    response->set_truncated(ids->size() > kMostActive);
    if (ids->size() > kMostActive) ids->resize(kMostActive);
    response->mutable_job_ids()->Assign(ids->begin(), ids->end());
    return absl::OkStatus();
  });
}

}  // namespace genwatch
