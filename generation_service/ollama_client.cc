#include "generation_service/ollama_client.h"

#include <utility>

#include "generation_service/ollama_generation.h"
#include "generation_service/ollama_request.h"

namespace genwatch {

OllamaClient::OllamaClient(EventLoop* loop, OllamaOptions options)
    : loop_(loop), options_(std::move(options)), http_(loop) {}

OllamaClient::~OllamaClient() = default;

std::unique_ptr<Generation> OllamaClient::Generate(
    const GenerationRequest& request, std::function<void(const GenerationEvent&)> on_event) {
  OllamaRequest wire = OllamaRequestOf(request.spec);
  HttpRequest http;
  http.url = options_.url + wire.path;
  http.json_body = std::move(wire.body);
  http.headers = options_.headers;
  http.connect_timeout = options_.connect_timeout;
  http.first_byte_timeout = request.first_byte_timeout;
  http.silence_timeout = request.silence_timeout;
  http.running_timeout = request.running_timeout;
  return StartOllamaGeneration(loop_, &http_, std::move(http), std::move(on_event));
}

void OllamaClient::Look(std::function<void(const ModelServerLook&)> on_look) {
  OllamaLookOptions options;
  options.request.url = options_.url;
  options.request.headers = options_.headers;
  options.request.connect_timeout = options_.connect_timeout;
  options.timeout = options_.look_timeout;
  options.loaded_timeout = options_.loaded_timeout;
  look_ = std::make_unique<OllamaLook>(
      &http_, std::move(options), &shown_,
      [this, on_look = std::move(on_look)](const ModelServerLook& look) {
        // Destroyed after the callback: it may ask for the next look.
        const std::unique_ptr<OllamaLook> ended = std::move(look_);
        on_look(look);
      });
}

}  // namespace genwatch
