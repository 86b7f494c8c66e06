#include "progress_service/ledger_poll.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/status/statusor.h"

namespace genwatch {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(500);
constexpr absl::Duration kListInterval = absl::Seconds(1);
// A run that comes a little early, because the one before came late, is not skipped.
constexpr absl::Duration kSlack = absl::Milliseconds(100);
constexpr size_t kMaxQuestions = 1000;  // in one call
constexpr size_t kMaxTexts = 100;       // in one call

// So that a slow ledger gets fewer, larger batches.
constexpr int kMaxBatches = 4;

}  // namespace

LedgerPoll::LedgerPoll(const std::string& target, const Parts& parts,
                       std::function<void()> on_answer, ProgressMetrics metrics)
    : parts_(parts),
      on_answer_(std::move(on_answer)),
      metrics_(metrics),
      failures_(absl::Seconds(30)),
      next_full_(parts.clock->Monotonic()),
      next_list_(next_full_),
      client_(target) {
  parts_.hub->SetKick([this] { Kick(); });
  parts_.active->SetKick([this] { Kick(); });
  MutexLock lock(mutex_);
  periodic_ = std::make_unique<Periodic>(
      "ledger_poll", kInterval, [this] { Run(); }, Periodic::FirstRun::kAtOnce);
}

LedgerPoll::~LedgerPoll() {
  std::unique_ptr<Periodic> periodic;
  {
    MutexLock lock(mutex_);
    periodic = std::move(periodic_);
  }
  // Joined here; then the client waits for the answers that are still due.
  periodic.reset();
}

void LedgerPoll::Kick() {
  MutexLock lock(mutex_);
  if (periodic_ != nullptr) periodic_->Kick();
}

void LedgerPoll::Run() {
  const absl::Duration now = parts_.clock->Monotonic();
  bool full = now + kSlack >= next_full_;
  if (full) next_full_ = now + kInterval;
  bool ask = false;
  bool ping = false;
  {
    MutexLock lock(mutex_);
    full = full && asking_full_ == 0;
    ask = asking_ < kMaxBatches;
    ping = !answered_ && asking_ == 0;
  }
  if (ask) {
    std::vector<ProgressHub::Question> questions = parts_.hub->TakeQuestions(full);
    // The ledger is asked for nothing until it answers for the first time.
    if (questions.empty() && ping) AskStates({}, full);
    for (size_t i = 0; i < questions.size(); i += kMaxQuestions) {
      const size_t end = std::min(questions.size(), i + kMaxQuestions);
      AskStates({std::make_move_iterator(questions.begin() + i),
                 std::make_move_iterator(questions.begin() + end)},
                full);
    }
  }
  ReadTexts();
  const bool list_all = now + kSlack >= next_list_;
  if (list_all) next_list_ = now + kListInterval;
  ListActive(list_all);
}

void LedgerPoll::AskStates(std::vector<ProgressHub::Question> questions, bool full) {
  {
    MutexLock lock(mutex_);
    ++asking_;
    if (full) ++asking_full_;
  }
  v1::GetJobStatesRequest request;
  for (const ProgressHub::Question& question : questions) *request.add_jobs() = question.query;
  metrics_.ledger_polls.Increment();
  client_.GetJobStates(std::move(request),
                       [this, questions = std::move(questions),
                        full](const absl::StatusOr<v1::GetJobStatesResponse>& response) {
                         OnStates(questions, full, response);
                       });
}

void LedgerPoll::OnStates(const std::vector<ProgressHub::Question>& questions, bool full,
                          const absl::StatusOr<v1::GetJobStatesResponse>& response) {
  if (response.ok()) {
    parts_.hub->MergeStates(questions, *response);
  } else {
    metrics_.ledger_polls_failed.Increment();
    parts_.hub->ReturnQuestions(questions);
  }
  NoteAnswer(response.status());
  MutexLock lock(mutex_);
  if (full) --asking_full_;
  // What came together while all batches were under way.
  if (asking_-- == kMaxBatches && periodic_ != nullptr) periodic_->Kick();
}

void LedgerPoll::ReadTexts() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(reading_, true)) return;
  }
  std::vector<ProgressHub::TextQuestion> questions = parts_.hub->TakeMissingTexts(kMaxTexts);
  if (questions.empty()) {
    MutexLock lock(mutex_);
    reading_ = false;
    return;
  }
  v1::ReadTextsRequest request;
  for (const ProgressHub::TextQuestion& question : questions) {
    *request.add_texts() = question.query;
  }
  metrics_.text_reads.Increment();
  client_.ReadTexts(std::move(request), [this, questions = std::move(questions)](
                                            const absl::StatusOr<v1::ReadTextsResponse>& response) {
    const v1::ReadTextsResponse nothing;
    const bool progress = parts_.hub->MergeTexts(questions, response.ok() ? *response : nothing);
    NoteAnswer(response.status());
    MutexLock lock(mutex_);
    reading_ = false;
    if (progress && periodic_ != nullptr) periodic_->Kick();
  });
}

void LedgerPoll::ListActive(bool all) {
  {
    MutexLock lock(mutex_);
    if (listing_ > 0) return;
  }
  for (const std::string& owner : parts_.active->Owners(all)) {
    {
      MutexLock lock(mutex_);
      ++listing_;
    }
    v1::ListActiveRequest request;
    request.set_owner_id(owner);
    client_.ListActive(
        std::move(request), [this, owner](absl::StatusOr<v1::ListActiveResponse> response) {
          if (response.ok()) {
            parts_.active->Merge(owner, {response->job_ids().begin(), response->job_ids().end()});
          }
          NoteAnswer(response.status());
          MutexLock lock(mutex_);
          --listing_;
        });
  }
}

void LedgerPoll::NoteAnswer(const absl::Status& status) {
  if (!status.ok()) {
    failures_.Log(LogLevel::kWarning, "the ledger does not answer", {ErrorField(status)});
    return;
  }
  if (failures_.Reset()) LogInfo("the ledger answers again");
  {
    MutexLock lock(mutex_);
    if (std::exchange(answered_, true)) return;
  }
  on_answer_();
}

}  // namespace genwatch
