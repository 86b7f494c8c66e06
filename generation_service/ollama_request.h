#ifndef GENWATCH_GENERATION_SERVICE_OLLAMA_REQUEST_H_
#define GENWATCH_GENERATION_SERVICE_OLLAMA_REQUEST_H_

#include <string>

#include "genwatch/v1/job.pb.h"

namespace genwatch {

struct OllamaRequest {
  std::string path;  // "/api/generate" or "/api/chat"
  std::string body;  // JSON
};

// What to send for a job: /api/chat for messages, else /api/generate, always streamed. What the job
// does not say is not sent, so that the model's own defaults hold. Pure; thread-safe.
OllamaRequest OllamaRequestOf(const v1::JobSpec& spec);

// The request that has the model loaded as the job needs it (its options may decide how), and is
// answered when that is done: one without a prompt. Pure; thread-safe.
OllamaRequest PreloadRequestOf(const v1::JobSpec& spec);

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_OLLAMA_REQUEST_H_
