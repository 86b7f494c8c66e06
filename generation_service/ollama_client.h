#ifndef GENWATCH_GENERATION_SERVICE_OLLAMA_CLIENT_H_
#define GENWATCH_GENERATION_SERVICE_OLLAMA_CLIENT_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "generation_service/curl/http_client.h"
#include "generation_service/event_loop.h"
#include "generation_service/model_client.h"
#include "generation_service/ollama_look.h"

namespace genwatch {

struct OllamaOptions {
  // Of http or https, without credentials and without a slash at the end (NormalizedBaseUrl).
  std::string url = "http://127.0.0.1:11434";
  // "Name: value"; may hold secrets, never logged.
  std::vector<std::string> headers;
  absl::Duration connect_timeout = absl::Seconds(5);
  // Of one request of a look; loads of models must not hold it up.
  absl::Duration look_timeout = absl::Seconds(3);
  // GET /api/ps answers only after a running load of a model in some versions.
  absl::Duration loaded_timeout = absl::Milliseconds(500);
  // Have a model loaded by a request of its own where a generation asks for that.
  bool preload = true;
};

// An Ollama. As ModelClient says.
class OllamaClient : public ModelClient {
 public:
  OllamaClient(EventLoop* loop, OllamaOptions options);
  ~OllamaClient() override;

  std::unique_ptr<Generation> Generate(
      const GenerationRequest& request,
      std::function<void(const GenerationEvent&)> on_event) override;
  void Look(std::function<void(const ModelServerLook&)> on_look) override;
  void Unload(const std::string& model) override;
  std::string url() const override { return options_.url; }

 private:
  EventLoop* const loop_;
  const OllamaOptions options_;
  HttpClient http_;
  ShownModels shown_;
  std::unique_ptr<OllamaLook> look_;
  std::map<std::string, std::unique_ptr<HttpTransfer>> unloads_;  // under way, by model
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_OLLAMA_CLIENT_H_
