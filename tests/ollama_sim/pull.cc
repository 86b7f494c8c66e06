#include "tests/ollama_sim/pull.h"

#include <utility>

#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/directive.h"
#include "tests/ollama_sim/json_writer.h"
#include "tests/ollama_sim/random.h"

namespace genwatch::ollama_sim {
namespace {

constexpr int kSteps = 8;

struct Layer {
  std::string digest;
  int64_t total;
};

std::string Status(std::string_view status) {
  std::string line;
  JsonObject(&line).Text("status", status).Close();
  return line;
}

// `completed` is absent while it is 0.
std::string Progress(const Layer& layer, int64_t completed) {
  std::string line;
  JsonObject object(&line);
  object.Text("status", "pulling " + layer.digest.substr(7, 12))
      .Text("digest", layer.digest)
      .Number("total", layer.total);
  if (completed > 0) object.Number("completed", completed);
  object.Close();
  return line;
}

// The weights, which are nearly all of it, and a template.
std::vector<Layer> LayersOf(const Model& model) {
  constexpr int64_t kTemplateBytes = 1481;
  const std::string digest = DigestOf(model);
  return {{"sha256:" + digest, model.size_bytes - kTemplateBytes},
          {"sha256:" + std::string(digest.rbegin(), digest.rend()), kTemplateBytes}};
}

}  // namespace

std::vector<std::string> PullLines(const Model* model) {
  std::vector<std::string> lines = {Status("pulling manifest")};
  if (model == nullptr) {
    lines.push_back(ErrorJson("pull model manifest: file does not exist"));
    return lines;
  }
  const std::vector<Layer> layers = LayersOf(*model);
  for (int step = 0; step <= kSteps; ++step) {
    for (const Layer& layer : layers) lines.push_back(Progress(layer, layer.total * step / kSteps));
  }
  for (const char* const status : {"verifying sha256 digest", "writing manifest", "success"})
    lines.push_back(Status(status));
  return lines;
}

PullExchange::PullExchange(EventLoop* loop, Connection* connection, bool keep_alive,
                           std::vector<std::string> lines, int64_t gap_ns,
                           std::function<void()> on_success)
    : loop_(loop),
      writer_(connection, Directive(), keep_alive),
      lines_(std::move(lines)),
      gap_ns_(gap_ns),
      on_success_(std::move(on_success)) {}

PullExchange::~PullExchange() { loop_->Cancel(&timer_); }

void PullExchange::WriteNext() {
  const std::string& line = lines_[next_++];
  const bool last = next_ == lines_.size();
  if (last && line == Status("success")) on_success_();
  writer_.Line(line + "\n");
  if (last) return writer_.End();
  timer_ = loop_->At(MonotonicNs() + gap_ns_, [this] {
    timer_ = EventLoop::kNoTimer;
    WriteNext();
  });
}

void PullExchange::OnPeerGone() { loop_->Cancel(&timer_); }

}  // namespace genwatch::ollama_sim
