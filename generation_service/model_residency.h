#ifndef GENWATCH_GENERATION_SERVICE_MODEL_RESIDENCY_H_
#define GENWATCH_GENERATION_SERVICE_MODEL_RESIDENCY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace genwatch {

// Which models the model server is known to have loaded, from what it said itself and from the jobs
// that were run on it. A model counts as not loaded when nothing is known. Pure; not thread-safe.
// Times are of one monotonic clock.
class ModelResidency {
 public:
  // A model is in use since now; `num_ctx` is what the job asked for, if anything.
  void Used(const std::string& model, std::optional<uint32_t> num_ctx, absl::Duration now);

  // Its use ended; the server keeps it for `keep_alive` (its own default if absent; negative: for
  // ever).
  void Released(const std::string& model, std::optional<absl::Duration> keep_alive,
                absl::Duration now);

  // What the server says that it has loaded: context length by model. Replaces all that is known
  // about other models, because loading one may have evicted another.
  void Report(const std::map<std::string, uint32_t>& context_lengths, absl::Duration now);

  // The server was restarted or is gone.
  void Forget();

  // A job that asks for `num_ctx` would find the model loaded. Another context than the loaded one
  // makes the server load it again.
  bool Loaded(const std::string& model, std::optional<uint32_t> num_ctx, absl::Duration now) const;

  // Tokens of context that it is loaded with; 0 while unknown.
  uint32_t ContextLength(const std::string& model, absl::Duration now) const;

 private:
  struct Entry {
    std::optional<uint32_t> asked_num_ctx;  // of the last job of ours
    uint32_t reported_context = 0;          // 0: the server did not say
    absl::Duration until;
  };

  std::map<std::string, Entry> models_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_MODEL_RESIDENCY_H_
