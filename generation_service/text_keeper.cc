#include "generation_service/text_keeper.h"

#include <cstddef>
#include <utility>

#include "common/log.h"

namespace genwatch {
namespace {

// Of one call; a server takes 4 MiB.
constexpr size_t kMostBytes = 1 << 20;
constexpr absl::Duration kDeadline = absl::Seconds(5);

// Text of a stopped or lost job is not sent: somebody else decides about it.
bool HasNews(const ActiveJob& job) {
  const bool finishing = job.stage == ActiveJob::Stage::kFinishing;
  if (job.stage != ActiveJob::Stage::kRunning && !finishing) return false;
  if (job.result.without_text) return false;
  // An answer that started over and is empty drops the kept text as well.
  const bool empty = job.answer.empty() && job.thinking.empty();
  return !empty || (finishing && job.base_state == ActiveJob::Base::kToLower);
}

}  // namespace

TextKeeper::TextKeeper(EventLoop* loop, JobLeaseClient* ledger, std::string instance,
                       absl::Duration interval, const JobTable* jobs, Callbacks callbacks)
    : loop_(loop),
      ledger_(ledger),
      instance_(std::move(instance)),
      interval_(interval),
      jobs_(jobs),
      callbacks_(std::move(callbacks)) {}

TextKeeper::~TextKeeper() { loop_->Cancel(timer_); }

void TextKeeper::Tick() {
  timer_ = loop_->RunAfter(interval_, [this] { Tick(); });
  if (!in_flight_) Send();
}

void TextKeeper::Hurry() {
  hurry_ = true;
  if (!in_flight_) Send();
}

void TextKeeper::Send() {
  hurry_ = false;
  v1::AppendTextRequest request;
  request.set_instance(instance_);
  std::vector<Asked> asked;
  size_t budget = kMostBytes;
  auto place = jobs_->upper_bound(last_);
  for (size_t looked = 0; looked < jobs_->size() && budget > 0; ++looked, ++place) {
    if (place == jobs_->end()) place = jobs_->begin();
    const ActiveJob& job = *place->second;
    // A result in flight carries its text itself.
    if (!HasNews(job) || job.finish_in_flight) continue;
    v1::TextAppend* append = request.add_appends();
    append->set_job_id(job.key.job_id);
    append->set_version(job.key.version);
    const bool lowers_base = job.base_state == ActiveJob::Base::kToLower;
    if (lowers_base) append->mutable_lower_base()->set_version(job.key.version);
    budget -= job.thinking.AddTo(budget, append->mutable_pieces());
    budget -= job.answer.AddTo(budget, append->mutable_pieces());
    asked.push_back({job.key, lowers_base});
    last_ = job.key;
  }
  if (asked.empty()) return;
  in_flight_ = true;
  ledger_->AppendText(
      std::move(request), kDeadline,
      [this, asked = std::move(asked)](const absl::StatusOr<v1::AppendTextResponse>& response) {
        in_flight_ = false;
        TakeAnswer(asked, response);
        if (hurry_ && !in_flight_) Send();
      });
}

void TextKeeper::TakeAnswer(const std::vector<Asked>& asked,
                            const absl::StatusOr<v1::AppendTextResponse>& response) {
  if (!response.ok()) {
    failures_.Log(LogLevel::kWarning, "text could not be stored, it waits",
                  {{"jobs", asked.size()}, ErrorField(response.status())});
    return;
  }
  if (failures_.Reset()) LogInfo("text is stored again");
  // In the order of the request; what is missing is sent again.
  for (size_t i = 0; i < asked.size() && i < static_cast<size_t>(response->kept_size()); ++i) {
    TakeKept(asked[i], response->kept(static_cast<int>(i)));
  }
}

void TextKeeper::TakeKept(const Asked& asked, const v1::TextKept& kept) {
  const LeaseKey& key = asked.key;
  const auto found = jobs_->find(key);
  if (found == jobs_->end()) return;
  if (kept.lease_lost()) return callbacks_.on_lease_lost(key);
  ActiveJob& job = *found->second;
  if (job.base_state == ActiveJob::Base::kGivenUp) return;
  if (job.base_state == ActiveJob::Base::kToLower) {
    if (!asked.lowers_base) return;  // said about the text of before
    callbacks_.on_base_lowered(key);
  }
  if (!job.answer.SetKept(kept.answer_bytes()) || !job.thinking.SetKept(kept.thinking_bytes())) {
    LogError("the ledger keeps less text than it said before", {{"job_id", key.job_id}});
    callbacks_.on_text_lost(key);
  }
}

}  // namespace genwatch
