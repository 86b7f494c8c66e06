#ifndef GENWATCH_GENERATION_SERVICE_NOOP_CLIENT_H_
#define GENWATCH_GENERATION_SERVICE_NOOP_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "generation_service/event_loop.h"
#include "generation_service/model_client.h"

namespace genwatch {

// A model server that is none: offers one model, "noop", and completes every job at once with a
// short text. What is measured with it is the cost of everything else. As ModelClient says.
class NoopClient : public ModelClient {
 public:
  static constexpr char kModel[] = "noop";
  static constexpr char kText[] = "ok";

  explicit NoopClient(EventLoop* loop) : loop_(loop) {}

  std::unique_ptr<Generation> Generate(
      const GenerationRequest& request,
      std::function<void(const GenerationEvent&)> on_event) override;
  void Look(std::function<void(const ModelServerLook&)> on_look) override;
  void Unload(const std::string& /*model*/) override {}
  std::string url() const override { return "noop://localhost"; }

 private:
  EventLoop* const loop_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_NOOP_CLIENT_H_
