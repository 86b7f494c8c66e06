#include "generation_service/ollama_client.h"

#include <string_view>
#include <utility>

#include "common/log.h"
#include "generation_service/json_writer.h"
#include "generation_service/ollama_generation.h"
#include "generation_service/ollama_request.h"

namespace genwatch {

OllamaClient::OllamaClient(EventLoop* loop, OllamaOptions options)
    : loop_(loop), options_(std::move(options)), http_(loop) {}

OllamaClient::~OllamaClient() = default;

std::unique_ptr<Generation> OllamaClient::Generate(
    const GenerationRequest& request, std::function<void(const GenerationEvent&)> on_event) {
  const auto complete = [this, &request](OllamaRequest wire) {
    HttpRequest http;
    http.url = options_.url + wire.path;
    http.json_body = std::move(wire.body);
    http.headers = options_.headers;
    http.connect_timeout = options_.connect_timeout;
    http.first_byte_timeout = request.first_byte_timeout;
    http.silence_timeout = request.silence_timeout;
    http.running_timeout = request.running_timeout;
    return http;
  };
  std::optional<HttpRequest> preload;
  if (request.preload && options_.preload) preload = complete(PreloadRequestOf(request.spec));
  return StartOllamaGeneration(loop_, &http_, complete(OllamaRequestOf(request.spec)),
                               std::move(preload), std::move(on_event));
}

void OllamaClient::Unload(const std::string& model) {
  if (unloads_.count(model) > 0) return;
  JsonWriter json;
  json.BeginObject();
  json.Key("model");
  json.String(model);
  json.Key("keep_alive");
  json.Integer(0);
  json.EndObject();
  HttpRequest http;
  http.url = options_.url + "/api/generate";
  http.json_body = json.text();
  http.headers = options_.headers;
  http.connect_timeout = options_.connect_timeout;
  http.running_timeout = options_.look_timeout;
  HttpCallbacks callbacks;
  callbacks.on_body = [](int, std::string_view) {};
  callbacks.on_end = [this, model](const HttpEnd& end) {
    LogInfo("a model was asked to be unloaded", {{"model", model}, {"status", end.status}});
    const auto ended = unloads_.extract(model);
  };
  unloads_[model] = http_.Start(std::move(http), std::move(callbacks));
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
