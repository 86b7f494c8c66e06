#ifndef GENWATCH_GENERATION_SERVICE_OLLAMA_REPORTS_H_
#define GENWATCH_GENERATION_SERVICE_OLLAMA_REPORTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genwatch/v1/job_service.pb.h"

namespace genwatch {

// Readers of what an Ollama tells about itself. nullopt, or an empty string: it is not what it
// should be. Unknown and missing fields are no fault. Pure; thread-safe.

// GET /api/version.
std::string ReadVersion(std::string_view json);

// The bundled simulator says so in its version.
bool IsSimulatorVersion(const std::string& version);

// GET /api/tags: the models, without what /api/show and /api/ps tell, unless it tells them, too.
std::optional<std::vector<v1::Model>> ReadTags(std::string_view json);

// POST /api/show: sets capabilities and trained context of `model` as far as told. False if it is
// no such answer.
bool ReadShow(std::string_view json, v1::Model& model);

// GET /api/ps: allocated context by name of the models that are loaded; 0 where it is not told.
std::optional<std::map<std::string, uint32_t>> ReadLoaded(std::string_view json);

// The words of an error answer: its `error`, whole text or `message`; empty if it is no JSON.
std::string ReadError(std::string_view body);

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_OLLAMA_REPORTS_H_
