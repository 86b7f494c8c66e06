#ifndef GENWATCH_TESTS_JOB_SERVICE_SERVING_MODEL_H_
#define GENWATCH_TESTS_JOB_SERVICE_SERVING_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "job_service/job_queue.h"

namespace genwatch {

// The rule of docs/queue.md in its plainest form: a list of jobs that is looked through from end to
// end at each step. What the queues do is compared with it. All models count as loaded. Not
// thread-safe.
class ServingModel {
 public:
  enum class State { kWaiting, kLeasing, kGone };

  struct Job {
    QueueEntry entry;
    // When it came first, as a count of all that came.
    size_t arrival = 0;
    double start = 0;
    State state = State::kWaiting;

    double score() const;
  };

  // False if it was there.
  bool Enqueue(const QueueEntry& entry);
  std::vector<PoppedJob> Pop(const std::vector<ModelDemand>& demands, uint32_t max_jobs);
  void Confirm(const std::string& job_id);
  void PutBack(const std::string& job_id);
  void Remove(const std::string& job_id);
  void Reprioritize(const std::string& job_id, v1::Priority priority);

  // In serving order.
  std::vector<const Job*> Waiting(const std::string& model) const;
  // V, where newcomers line up, and P, the place that is being served.
  double Clock(const std::string& model) const;
  double Served(const std::string& model) const;
  // Owners who have something waiting, or were served beyond P.
  size_t ActiveOwners(const std::string& model) const;
  const Job* Find(const std::string& job_id) const;

 private:
  struct Owner {
    // Of what waits; what was served last.
    double last = 0;
    double served = 0;
  };
  struct Queue {
    double v = 0;
    double p = 0;
    std::map<std::string, Owner> owners;
  };

  Job* FindMutable(const std::string& job_id);
  size_t CountOf(const std::string& model, const std::string& owner) const;
  void Enter(Job& job);
  void ForgetIfEmpty(const std::string& model);
  double KeyOf(const std::string& model) const;

  std::vector<Job> jobs_;
  size_t arrivals_ = 0;
  std::map<std::string, Queue> queues_;
  double u_ = 0;
  std::map<std::string, double> turns_;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_JOB_SERVICE_SERVING_MODEL_H_
