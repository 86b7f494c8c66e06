#ifndef GENWATCH_GENERATION_SERVICE_OLLAMA_GENERATION_H_
#define GENWATCH_GENERATION_SERVICE_OLLAMA_GENERATION_H_

#include <functional>
#include <memory>

#include "generation_service/curl/http_client.h"
#include "generation_service/event_loop.h"
#include "generation_service/model_client.h"

namespace genwatch {

// Starts one streamed conversation and reads it to its end. `request` is complete: URL, body,
// headers and limits. As Generation says; of the loop's thread.
std::unique_ptr<Generation> StartOllamaGeneration(
    EventLoop* loop, HttpClient* http, HttpRequest request,
    std::function<void(const GenerationEvent&)> on_event);

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_OLLAMA_GENERATION_H_
