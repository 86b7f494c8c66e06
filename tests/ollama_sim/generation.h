#ifndef GENWATCH_TESTS_OLLAMA_SIM_GENERATION_H_
#define GENWATCH_TESTS_OLLAMA_SIM_GENERATION_H_

#include <cstdint>
#include <string>

#include "tests/ollama_sim/answer.h"
#include "tests/ollama_sim/answer_lines.h"
#include "tests/ollama_sim/body_writer.h"
#include "tests/ollama_sim/connection.h"
#include "tests/ollama_sim/event_loop.h"
#include "tests/ollama_sim/failure.h"
#include "tests/ollama_sim/pacing.h"
#include "tests/ollama_sim/request_log.h"
#include "tests/ollama_sim/runner_pool.h"

namespace genwatch::ollama_sim {

// What all generations share; outlives them.
struct Simulation {
  EventLoop* loop = nullptr;
  RunnerPool* runners = nullptr;
  RequestLog* log = nullptr;
  Phases* phases = nullptr;
  MicrosecondHistogram* lateness = nullptr;  // of the bench model's chunks
  uint64_t seed = 0;
  double speed = 1;
};

constexpr int64_t kDefaultNumCtx = 4096;

// The context that the model is loaded with for this request, in tokens.
int64_t NumCtxOf(const Model& model, const ApiRequest& request);

// One request for an answer, from the load queue to the done object: silence while it waits, loads
// and reads the prompt, then head and first chunk together, then chunk by chunk on an absolute
// schedule.
class Generation : public Exchange {
 public:
  Generation(const Simulation& simulation, Connection* connection, HttpRequest request,
             const Model& model, Question question, Answer answer, uint64_t record_id);
  ~Generation() override;

  // Call once, after the connection got this as its exchange.
  void Begin();
  void OnPeerGone() override;
  void OnDrained() override;

 private:
  void OnLoaded();
  void OnSlot();
  void AnswerPreload();
  void ScheduleNext();
  int64_t DueNs(size_t chunk) const;
  void Tick();
  void WriteChunk();
  void Write(std::string line);
  void WriteDone();
  void AnswerUnstreamed(bool done);
  // True if the directive's fault happened at this place.
  bool FaultHere();
  void Fail(const Failure& failure);
  void ResetSoon();
  void End(const char* state);
  RequestRecord& record();
  bool Streams() const { return question_.request.stream && !question_.directive.unstreamed; }
  Statistics StatisticsNow() const;

  const Simulation& sim_;
  Connection* const connection_;
  const HttpRequest request_;
  const Model& model_;
  Question question_;
  Answer answer_;
  const uint64_t record_id_;
  AnswerLines lines_;
  BodyWriter writer_;
  const double rate_;  // tokens per second
  Chunk held_;         // text that comes in the done object
  uint64_t ticket_ = RunnerPool::kRejected;
  EventLoop::TimerId timer_ = EventLoop::kNoTimer;
  size_t next_chunk_ = 0;
  int tokens_before_ = 0;  // of the chunks before next_chunk_
  int phase_ = -1;
  bool waits_for_client_ = false;
  bool fault_done_ = false;
  bool wrote_ = false;
  RequestRecord forgotten_;     // stands for a record that the log dropped meanwhile
  const int64_t bytes_before_;  // of earlier answers on the connection
  const int64_t received_ns_;
  int64_t loaded_ns_ = 0;
  int64_t slot_ns_ = 0;
  int64_t first_ns_ = 0;  // when the first token is due
};

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_GENERATION_H_
