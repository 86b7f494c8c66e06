#ifndef GENWATCH_JOB_SERVICE_LEDGER_HEALTH_H_
#define GENWATCH_JOB_SERVICE_LEDGER_HEALTH_H_

#include <atomic>

namespace genwatch {

// Whether the ledger answered when it was last asked. Set by the reaper, which asks twice a second;
// read before anything is popped. Thread-safe.
class LedgerHealth {
 public:
  void Set(bool healthy) { healthy_.store(healthy, std::memory_order_relaxed); }
  bool healthy() const { return healthy_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> healthy_ = false;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_LEDGER_HEALTH_H_
