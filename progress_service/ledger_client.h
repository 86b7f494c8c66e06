#ifndef GENWATCH_PROGRESS_SERVICE_LEDGER_CLIENT_H_
#define GENWATCH_PROGRESS_SERVICE_LEDGER_CLIENT_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "genwatch/v1/job_feed_service.pb.h"

namespace genwatch {

// Asks job_service for the ledger's word. Answers come on gRPC's threads and must not block there.
// Each call ends within a few seconds, with UNAVAILABLE or DEADLINE_EXCEEDED if it must.
// Thread-safe. The destructor cancels what is asked and waits for the answers to it; so what the
// callbacks use outlives it.
class LedgerClient {
 public:
  template <class Response>
  using Answer = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

  explicit LedgerClient(const std::string& target);
  ~LedgerClient();
  LedgerClient(const LedgerClient&) = delete;
  LedgerClient& operator=(const LedgerClient&) = delete;

  void GetJobStates(v1::GetJobStatesRequest request, Answer<v1::GetJobStatesResponse> answer);
  void ReadTexts(v1::ReadTextsRequest request, Answer<v1::ReadTextsResponse> answer);
  void RecordProgress(v1::RecordProgressRequest request, Answer<v1::RecordProgressResponse> answer);
  void RecordScores(v1::RecordScoresRequest request, Answer<v1::RecordScoresResponse> answer);
  void ListActive(v1::ListActiveRequest request, Answer<v1::ListActiveResponse> answer);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_LEDGER_CLIENT_H_
