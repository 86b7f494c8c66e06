// The routes of Ollama that only tell something.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/failure.h"
#include "tests/ollama_sim/json_writer.h"
#include "tests/ollama_sim/pull.h"
#include "tests/ollama_sim/server.h"

namespace genwatch::ollama_sim {
namespace {

// The suffix tells clients that the text is made up.
constexpr std::string_view kVersion = R"({"version":"0.33.0-sim"})";
constexpr std::string_view kModifiedAt = "2026-08-21T09:15:04.118203417Z";
// What "for ever" looks like in expires_at.
constexpr int64_t kForEverNs = int64_t{100} * 365 * 24 * 3600 * kNsPerSecond;

std::string Details(const Model& model) {
  std::string out;
  JsonObject(&out)
      .Text("parent_model", "")
      .Text("format", "gguf")
      .Text("family", model.family)
      .Raw("families", "[\"" + std::string(model.family) + "\"]")
      .Text("parameter_size", model.parameter_size)
      .Text("quantization_level", model.quantization)
      .Number("context_length", model.context_length)
      .Close();
  return out;
}

std::string Capabilities(const Model& model) {
  std::string out = "[\"completion\"";
  if (model.uses_tools) out += ",\"tools\"";
  if (model.thinks) out += ",\"thinking\"";
  return out + "]";
}

// "8.0B" is 8000000000.
int64_t ParameterCount(const Model& model) {
  return std::llround(std::stod(std::string(model.parameter_size)) * 1e9);
}

std::string Models(const std::string& list) { return "{\"models\":[" + list + "]}"; }

// Waits for the end of a load before it lists the loaded models: that lock is Ollama's as well.
class RunningExchange : public Exchange {
 public:
  void OnPeerGone() override {}
};

}  // namespace

void Server::GetRoot(Connection* connection, const HttpRequest& request) {
  SendWhole(connection, request, 200, "text/plain; charset=utf-8", "Ollama is running");
}

void Server::GetVersion(Connection* connection, const HttpRequest& request) {
  SendWhole(connection, request, 200, kJsonType, kVersion);
}

void Server::GetTags(Connection* connection, const HttpRequest& request) {
  std::string list;
  for (const Model& model : AllModels()) {
    if (absent_.contains(std::string(model.name))) continue;
    if (!list.empty()) list += ',';
    JsonObject(&list)
        .Text("name", model.name)
        .Text("model", model.name)
        .Text("modified_at", kModifiedAt)
        .Number("size", model.size_bytes)
        .Text("digest", DigestOf(model))
        .Raw("details", Details(model))
        .Raw("capabilities", Capabilities(model))
        .Close();
  }
  SendWhole(connection, request, 200, kJsonType, Models(list));
}

void Server::GetRunning(Connection* connection, const HttpRequest& request) {
  connection->Begin(std::make_unique<RunningExchange>());
  runners_.WhenNotLoading([this, id = connection->id(), request] {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    std::string list;
    const int64_t now_ns = MonotonicNs();
    for (const RunnerPool::Loaded& loaded : runners_.ListLoaded()) {
      if (!list.empty()) list += ',';
      const int64_t left_ns = std::min(loaded.expires_ns - now_ns, kForEverNs);
      JsonObject(&list)
          .Text("name", loaded.model->name)
          .Text("model", loaded.model->name)
          .Number("size", loaded.model->size_bytes)
          .Text("digest", DigestOf(*loaded.model))
          .Raw("details", Details(*loaded.model))
          .Text("expires_at", Rfc3339Nano(WallNs() + left_ns))
          .Number("size_vram", loaded.model->size_bytes)
          .Number("context_length", loaded.num_ctx)
          .Close();
    }
    SendWhole(found->second.get(), request, 200, kJsonType, Models(list));
  });
}

void Server::PostShow(Connection* connection, const HttpRequest& request) {
  const std::optional<std::string> name = ParseModelName(request.body);
  if (!name)
    return SendWhole(connection, request, 400, kJsonType, ErrorJson("missing request body"));
  const Model* const model = FindPresentModel(*name);
  if (model == nullptr) {
    return SendWhole(connection, request, 404, kJsonType,
                     ErrorJson("model '" + *name + "' not found"));
  }
  const std::string family(model->family);
  std::string info;
  JsonObject(&info)
      .Text("general.architecture", family)
      .Number("general.parameter_count", ParameterCount(*model))
      .Number(family + ".block_count", 32)
      .Number(family + ".context_length", model->context_length)
      .Number(family + ".embedding_length", 4096)
      .Close();
  std::string body;
  JsonObject(&body)
      .Text("modelfile",
            "# " + std::string(model->description) + "\nFROM " + std::string(model->name) + "\n")
      .Text("parameters", "stop                           \"<|eot_id|>\"")
      .Text("template", "{{ .Prompt }}")
      .Raw("details", Details(*model))
      .Raw("model_info", info)
      .Raw("capabilities", Capabilities(*model))
      .Text("modified_at", kModifiedAt)
      .Close();
  SendWhole(connection, request, 200, kJsonType, body);
}

void Server::PostPull(Connection* connection, const HttpRequest& request) {
  // The whole of a pull takes so long at --load_speed 1.
  constexpr double kPullNs = 4e9;
  const std::optional<std::string> name = ParseModelName(request.body);
  if (!name || name->empty())
    return SendWhole(connection, request, 400, kJsonType, ErrorJson("missing request body"));
  std::vector<std::string> lines = PullLines(FindModel(*name));
  // Not streamed it is its last line alone.
  if (request.body.find("\"stream\":false") != std::string::npos) {
    const bool known = FindModel(*name) != nullptr;
    absent_.erase(*name);
    return SendWhole(connection, request, known ? 200 : 500, kJsonType, lines.back());
  }
  const double gap_ns = kPullNs / options_.load_speed / static_cast<double>(lines.size());
  auto pull = std::make_unique<PullExchange>(&loop_, connection, request.keep_alive,
                                             std::move(lines), static_cast<int64_t>(gap_ns),
                                             [this, name] { absent_.erase(*name); });
  PullExchange* const begun = pull.get();
  connection->Begin(std::move(pull));
  begun->WriteNext();
}

}  // namespace genwatch::ollama_sim
