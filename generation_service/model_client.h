#ifndef GENWATCH_GENERATION_SERVICE_MODEL_CLIENT_H_
#define GENWATCH_GENERATION_SERVICE_MODEL_CLIENT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "generation_service/answer_event.h"
#include "generation_service/fault.h"
#include "genwatch/v1/job.pb.h"
#include "genwatch/v1/job_service.pb.h"

namespace genwatch {

// A job as a model server sees it.
struct GenerationRequest {
  v1::JobSpec spec;
  absl::Duration first_byte_timeout;
  absl::Duration silence_timeout;
  absl::Duration running_timeout;
  // The model is not known to be loaded. Whoever can have it loaded by a request of its own does so
  // first, and tells when it was: else loading and reading the prompt are one silence.
  bool preload = false;
};

// The model is loaded, by a request of its own; the prompt has been sent now. Told at most once,
// before all others.
struct ModelLoaded {};

// The first byte of the answer's body came: the model is loaded. Not told for an error page.
struct AnswerStarted {};

// AnswerDone or Failure is the last one.
using GenerationEvent = std::variant<ModelLoaded, AnswerStarted, AnswerText, AnswerDone, Failure>;

// A conversation about one job. Destroyed: its connection is closed at once, which stops the model,
// and no more events come. After the last event destroying it has no effect.
class Generation {
 public:
  virtual ~Generation() = default;
};

// What a model server says about itself.
struct ModelServerLook {
  absl::Status reachable;  // OK, or why it could not be reached
  std::string version;
  bool simulated = false;  // it is the bundled simulator
  // Absent where it did not tell. `loaded` holds allocated contexts (0: not told) by model.
  std::optional<std::vector<v1::Model>> models;
  std::optional<std::map<std::string, uint32_t>> loaded;
};

// A model server. All on one event loop's thread; callbacks are never called inside the call that
// registers them, and may destroy the Generation. Outlives its Generations.
class ModelClient {
 public:
  virtual ~ModelClient() = default;

  virtual std::unique_ptr<Generation> Generate(
      const GenerationRequest& request, std::function<void(const GenerationEvent&)> on_event) = 0;

  // Looks whether it lives, what models it has and which are loaded; some seconds at most. One at a
  // time.
  virtual void Look(std::function<void(const ModelServerLook&)> on_look) = 0;

  // Asks the server to drop a model from its memory. Nobody waits for the answer.
  virtual void Unload(const std::string& model) = 0;

  // The base URL, without credentials.
  virtual std::string url() const = 0;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_MODEL_CLIENT_H_
