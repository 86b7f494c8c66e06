#include "tests/job_service/job_store_contract.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace genwatch {

std::string JobStoreContract::JobId(int n) { return absl::StrFormat("job_%032x", n); }

NewJob JobStoreContract::Job(int n, const std::string& owner) {
  NewJob job{.job_id = JobId(n), .owner_id = owner, .spec_hash = absl::StrCat("hash of ", n)};
  job.spec.set_model("llama");
  job.spec.set_prompt(absl::StrCat("prompt ", n));
  job.spec.set_priority(v1::PRIORITY_NORMAL);
  job.spec.set_resume_policy(v1::RESUME_POLICY_CONTINUE_ELSE_RESTART);
  return job;
}

v1::Worker JobStoreContract::Worker(int n, const std::string& server_url) {
  v1::Worker worker;
  worker.set_instance(absl::StrFormat("w_%016x", n));
  worker.set_address(absl::StrCat("worker-", n, ":50052"));
  worker.set_server_url(server_url);
  return worker;
}

v1::TextPiece JobStoreContract::Piece(v1::Channel channel, uint32_t offset,
                                      const std::string& text) {
  v1::TextPiece piece;
  piece.set_channel(channel);
  piece.set_offset(offset);
  piece.set_text(text);
  return piece;
}

v1::HeldJob JobStoreContract::Held(const JobRecord& job) {
  v1::HeldJob held;
  held.set_job_id(job.job_id);
  held.set_version(job.version);
  return held;
}

JobRecord JobStoreContract::Insert(const NewJob& job) {
  auto inserted = store().Insert(job);
  EXPECT_TRUE(inserted.ok()) << inserted.status();
  return inserted.ok() ? inserted->job : JobRecord();
}

JobRecord JobStoreContract::Get(const std::string& job_id) {
  auto job = store().Get(job_id);
  EXPECT_TRUE(job.ok()) << job.status();
  return job.value_or(JobRecord());
}

void JobStoreContract::Beat(const v1::Worker& worker, uint32_t number) {
  const auto stop = store().Heartbeat(worker, number, {});
  EXPECT_TRUE(stop.ok()) << stop.status();
}

LeaseResult JobStoreContract::Lease(const v1::Worker& worker,
                                    const std::vector<std::string>& job_ids, uint32_t limit,
                                    bool alone) {
  LeaseGrant grant{
      .worker = worker, .heartbeat_number = 1, .model = "llama", .limit = limit, .alone = alone};
  for (size_t i = 0; i < job_ids.size(); ++i) {
    grant.candidates.push_back({.job_id = job_ids[i], .score = static_cast<double>(i) + 0.5});
  }
  auto result = store().Lease(grant);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.value_or(LeaseResult());
}

JobRecord JobStoreContract::InsertLeased(int n, const std::string& owner) {
  Insert(Job(n, owner));
  Beat(Worker(1));
  const LeaseResult result = Lease(Worker(1), {JobId(n)});
  EXPECT_EQ(result.leased.size(), 1u);
  return result.leased.empty() ? JobRecord() : result.leased[0];
}

AppendResult JobStoreContract::Append(const JobRecord& leased,
                                      const std::vector<v1::TextPiece>& pieces) {
  v1::TextAppend append;
  append.set_job_id(leased.job_id);
  append.set_version(leased.version);
  append.mutable_pieces()->Assign(pieces.begin(), pieces.end());
  const auto results = store().AppendText(leased.instance, {append});
  EXPECT_TRUE(results.ok()) << results.status();
  return results.ok() && results->size() == 1 ? results->front() : AppendResult();
}

std::string JobStoreContract::Text(const std::string& job_id, v1::Channel channel) {
  const auto read = store().ReadText(job_id, channel, 0, 16 << 20);
  EXPECT_TRUE(read.ok()) << read.status();
  return read.ok() ? read->text : "";
}

FinishedAttempt JobStoreContract::Finish(const JobRecord& leased, v1::Outcome outcome) {
  FinishedAttempt attempt{
      .instance = leased.instance, .job_id = leased.job_id, .version = leased.version};
  attempt.end.outcome = outcome;
  if (outcome != v1::OUTCOME_COMPLETED) {
    attempt.end.reason = "MODEL_UNREACHABLE";
    attempt.end.error_message = "the model server does not answer";
  }
  return attempt;
}

OwnerChange JobStoreContract::Order(const JobRecord& job, JobState to) {
  return {.job_id = job.job_id,
          .owner_id = job.owner_id,
          .version = job.version,
          .to = to,
          .reason = "BY_OWNER"};
}

}  // namespace genwatch
