#include "generation_service/noop_client.h"

#include <utility>

namespace genwatch {
namespace {

// The answer is on its way until it was told or the handle is gone.
class NoopGeneration : public Generation {
 public:
  explicit NoopGeneration(std::shared_ptr<bool> wanted) : wanted_(std::move(wanted)) {}
  ~NoopGeneration() override { *wanted_ = false; }

 private:
  const std::shared_ptr<bool> wanted_;
};

AnswerDone Done() {
  AnswerDone done;
  done.statistics.done_reason = "stop";
  done.statistics.prompt_tokens = 1;
  done.statistics.completion_tokens = 1;
  return done;
}

}  // namespace

std::unique_ptr<Generation> NoopClient::Generate(
    const GenerationRequest& /*request*/, std::function<void(const GenerationEvent&)> on_event) {
  auto wanted = std::make_shared<bool>(true);
  loop_->Post([wanted, on_event = std::move(on_event)] {
    const GenerationEvent events[] = {AnswerStarted(), AnswerText{kText, ""}, Done()};
    for (const GenerationEvent& event : events) {
      if (*wanted) on_event(event);
    }
  });
  return std::make_unique<NoopGeneration>(std::move(wanted));
}

void NoopClient::Look(std::function<void(const ModelServerLook&)> on_look) {
  loop_->Post([on_look = std::move(on_look)] {
    ModelServerLook look;
    look.version = "noop";
    v1::Model& model = look.models.emplace().emplace_back();
    model.set_name(kModel);
    model.add_capabilities("completion");
    look.loaded.emplace()[kModel] = 0;
    on_look(look);
  });
}

}  // namespace genwatch
