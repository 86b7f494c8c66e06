#ifndef GENWATCH_GENERATION_SERVICE_OLLAMA_LOOK_H_
#define GENWATCH_GENERATION_SERVICE_OLLAMA_LOOK_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "generation_service/curl/http_client.h"
#include "generation_service/model_client.h"
#include "genwatch/v1/job_service.pb.h"

namespace genwatch {

struct OllamaLookOptions {
  HttpRequest request;  // `url` is the base; headers and connect timeout as they are
  absl::Duration timeout;
  absl::Duration loaded_timeout;
};

// What /api/show told, by digest of the model: it never changes.
using ShownModels = std::map<std::string, v1::Model>;

// One look at an Ollama: /api/version, and if it answers /api/tags, /api/ps, and /api/show for each
// model that is not in `shown` yet, one request after the other. Of the loop's thread. Destroyed:
// the look is given up and nothing is called.
class OllamaLook {
 public:
  // `on_look` is called once, not inside the constructor, and may destroy the look.
  OllamaLook(HttpClient* http, OllamaLookOptions options, ShownModels* shown,
             std::function<void(const ModelServerLook&)> on_look);
  OllamaLook(const OllamaLook&) = delete;
  OllamaLook& operator=(const OllamaLook&) = delete;

 private:
  using Next = void (OllamaLook::*)(const HttpEnd& end);

  void Fetch(const std::string& path, std::optional<std::string> json_body, absl::Duration timeout,
             Next next);
  void TakeVersion(const HttpEnd& end);
  void TakeTags(const HttpEnd& end);
  void TakeLoaded(const HttpEnd& end);
  void TakeShown(const HttpEnd& end);
  void ShowNext();
  void Finish();

  HttpClient* const http_;
  const OllamaLookOptions options_;
  ShownModels* const shown_;
  const std::function<void(const ModelServerLook&)> on_look_;
  ModelServerLook look_;
  size_t next_model_ = 0;
  int asked_ = 0;
  std::string body_;
  std::unique_ptr<HttpTransfer> transfer_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_OLLAMA_LOOK_H_
