#ifndef GENWATCH_TESTS_GENERATION_SERVICE_FAKE_MODEL_CLIENT_H_
#define GENWATCH_TESTS_GENERATION_SERVICE_FAKE_MODEL_CLIENT_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/mutex.h"
#include "generation_service/event_loop.h"
#include "generation_service/model_client.h"

namespace genwatch {

// A model server in the hands of a test: what is said is said when the test says so. Thread-safe;
// events are told on the loop's thread.
class FakeModelClient : public ModelClient {
 public:
  explicit FakeModelClient(EventLoop* loop) : loop_(loop) {}

  // ---- what the test does

  void SetLook(ModelServerLook look) {
    MutexLock lock(mutex_);
    look_ = std::move(look);
  }

  // In conversation `index`, in the order of their starts. Returns when it was heard.
  void Say(size_t index, const GenerationEvent& event) {
    loop_->RunSync([&] {
      std::shared_ptr<Conversation> conversation;
      {
        MutexLock lock(mutex_);
        conversation = conversations_.at(index);
        if (conversation->closed) return;
      }
      conversation->on_event(event);
    });
  }
  void SayText(size_t index, const std::string& answer, const std::string& thinking = "") {
    Say(index, AnswerText{answer, thinking});
  }
  void SayDone(size_t index, double tokens) {
    AnswerDone done;
    done.statistics.done_reason = "stop";
    done.statistics.completion_tokens = tokens;
    done.statistics.prompt_tokens = 5;
    done.statistics.eval = absl::Seconds(1);
    Say(index, done);
  }

  // ---- what it has seen

  size_t started() {
    MutexLock lock(mutex_);
    return conversations_.size();
  }
  bool closed(size_t index) {
    MutexLock lock(mutex_);
    return index < conversations_.size() && conversations_[index]->closed;
  }
  GenerationRequest request(size_t index) {
    MutexLock lock(mutex_);
    return conversations_.at(index)->request;
  }
  int looks() {
    MutexLock lock(mutex_);
    return looks_;
  }

  std::vector<std::string> unloaded() {
    MutexLock lock(mutex_);
    return unloaded_;
  }

  // ---- ModelClient

  std::unique_ptr<Generation> Generate(
      const GenerationRequest& request,
      std::function<void(const GenerationEvent&)> on_event) override {
    auto conversation = std::make_shared<Conversation>();
    conversation->request = request;
    conversation->on_event = std::move(on_event);
    MutexLock lock(mutex_);
    conversations_.push_back(conversation);
    return std::make_unique<Handle>(this, conversation);
  }

  void Look(std::function<void(const ModelServerLook&)> on_look) override {
    loop_->Post([this, on_look = std::move(on_look)] {
      ModelServerLook look;
      {
        MutexLock lock(mutex_);
        ++looks_;
        look = look_;
      }
      on_look(look);
    });
  }

  void Unload(const std::string& model) override {
    MutexLock lock(mutex_);
    unloaded_.push_back(model);
  }

  std::string url() const override { return "http://fake:11434"; }

 private:
  struct Conversation {
    GenerationRequest request;
    std::function<void(const GenerationEvent&)> on_event;
    bool closed = false;
  };

  class Handle : public Generation {
   public:
    Handle(FakeModelClient* client, std::shared_ptr<Conversation> conversation)
        : client_(client), conversation_(std::move(conversation)) {}
    ~Handle() override {
      MutexLock lock(client_->mutex_);
      conversation_->closed = true;
    }

   private:
    FakeModelClient* const client_;
    const std::shared_ptr<Conversation> conversation_;
  };

  EventLoop* const loop_;
  Mutex mutex_;
  ModelServerLook look_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> unloaded_ ABSL_GUARDED_BY(mutex_);
  int looks_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<Conversation>> conversations_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_GENERATION_SERVICE_FAKE_MODEL_CLIENT_H_
