#ifndef GENWATCH_TESTS_OLLAMA_SIM_RUNNER_POOL_H_
#define GENWATCH_TESTS_OLLAMA_SIM_RUNNER_POOL_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/ollama_sim/event_loop.h"
#include "tests/ollama_sim/models.h"

namespace genwatch::ollama_sim {

// The loaded models and who may use them, after Ollama's scheduler: one model is loaded at a time,
// in order of request; requests to a loaded model pass by that queue and wait, silently and without
// bound, for one of its parallel slots. A request with another num_ctx reloads the model when it is
// idle. An idle model is unloaded when its keep_alive has passed. Memory never runs short here.
class RunnerPool {
 public:
  struct Options {
    int num_parallel = 1;   // slots of a model that has no number of its own
    int max_queue = 512;    // requests that wait for a load
    double load_speed = 1;  // loads take the model's time divided by this
    int64_t keep_alive_ns = 300'000'000'000;
  };

  struct Need {
    const Model* model = nullptr;
    int64_t num_ctx = 0;
    std::optional<int64_t> load_ms;        // instead of the model's, even if it is loaded
    std::optional<int64_t> keep_alive_ns;  // negative: for ever
    bool slot = true;                      // false: only to be loaded
    std::function<void()> on_loaded;
    std::function<void()> on_slot;
  };

  struct Loaded {
    const Model* model;
    int64_t num_ctx;
    int64_t expires_ns;  // MonotonicNs; the far future if never
  };

  // An id that no request has.
  static constexpr uint64_t kRejected = 0;

  RunnerPool(EventLoop* loop, const Options& options) : loop_(loop), options_(options) {}

  // Asks for a runner; the callbacks come later, never from within. kRejected if the queue is full.
  uint64_t Request(Need need);
  // Gives back what the request has or waits for; a load that it caused is aborted.
  void Release(uint64_t id);
  // The request ends, but its slot stays taken until the model is unloaded.
  void Wedge(uint64_t id);
  // Unloads the model, now if it is idle, else as soon as it is; wedged slots are freed.
  void Unload(const Model& model);
  // Everything is unloaded, all requests are forgotten: the server restarts.
  void Clear();

  bool Loading() const { return loading_.has_value(); }
  // Runs `function` once, when no load is under way.
  void WhenNotLoading(std::function<void()> function);
  std::vector<Loaded> ListLoaded() const;

 private:
  enum class Stage { kQueued, kLoading, kWaitingForSlot, kHoldingSlot, kLoadedOnly };
  struct Ticket {
    Need need;
    Stage stage = Stage::kQueued;
  };
  struct Runner {
    const Model* model = nullptr;
    int64_t num_ctx = 0;
    int64_t keep_alive_ns = 0;
    int64_t expires_ns = 0;
    int wedged = 0;
    bool doomed = false;           // unloaded as soon as it is idle
    std::set<uint64_t> users;      // all requests that got the loaded model
    std::set<uint64_t> slots;      // of these, who runs
    std::deque<uint64_t> waiting;  // for a slot, in order
    EventLoop::TimerId expiry = EventLoop::kNoTimer;
  };

  // Goes through the load queue and the slots; runs what can run. Called deferred after each
  // change.
  void Advance();
  void AdvanceSoon();
  bool AdvanceLoadQueue();
  void StartLoad(uint64_t id);
  void FinishLoad(uint64_t id);
  void UseRunner(uint64_t id, Runner* runner);
  void GiveSlots(Runner* runner);
  void OnIdle(Runner* runner);
  void Drop(const std::string& name);
  int SlotsOf(const Runner& runner) const;
  void Call(uint64_t id, std::function<void()> Need::*callback);

  EventLoop* const loop_;
  const Options options_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, Ticket> tickets_;
  std::map<std::string, Runner, std::less<>> runners_;
  std::deque<uint64_t> load_queue_;
  std::optional<uint64_t> loading_;
  EventLoop::TimerId load_timer_ = EventLoop::kNoTimer;
  bool advance_soon_ = false;
  std::vector<std::function<void()>> when_not_loading_;
};

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_RUNNER_POOL_H_
