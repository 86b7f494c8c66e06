#ifndef GENWATCH_GENERATION_SERVICE_OLLAMA_GENERATION_H_
#define GENWATCH_GENERATION_SERVICE_OLLAMA_GENERATION_H_

#include <functional>
#include <memory>
#include <optional>

#include "generation_service/curl/http_client.h"
#include "generation_service/event_loop.h"
#include "generation_service/model_client.h"

namespace genwatch {

// Starts one streamed conversation and reads it to its end. `request` is complete: URL, body,
// headers and limits. With `preload`, as complete, that request is made first, and the other one
// when it was answered; `request.running_timeout` holds for both, and a failure of the first one is
// told like any other. As Generation says; of the loop's thread.
std::unique_ptr<Generation> StartOllamaGeneration(
    EventLoop* loop, HttpClient* http, HttpRequest request, std::optional<HttpRequest> preload,
    std::function<void(const GenerationEvent&)> on_event);

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_OLLAMA_GENERATION_H_
