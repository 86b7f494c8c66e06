#ifndef GENWATCH_TESTS_OLLAMA_SIM_PULL_H_
#define GENWATCH_TESTS_OLLAMA_SIM_PULL_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/ollama_sim/body_writer.h"
#include "tests/ollama_sim/connection.h"
#include "tests/ollama_sim/event_loop.h"
#include "tests/ollama_sim/models.h"

namespace genwatch::ollama_sim {

// What a pull of `model` says, line by line: a manifest, the layers, two of them at the same time,
// and success. Null: a model that no library has; the error comes in the stream.
std::vector<std::string> PullLines(const Model* model);

// Writes the lines of a pull, one each `gap_ns`.
class PullExchange : public Exchange {
 public:
  // `on_success` is called before the last line is written.
  PullExchange(EventLoop* loop, Connection* connection, bool keep_alive,
               std::vector<std::string> lines, int64_t gap_ns, std::function<void()> on_success);
  ~PullExchange() override;

  // Call once, after the connection got this as its exchange.
  void WriteNext();
  void OnPeerGone() override;

 private:
  EventLoop* const loop_;
  BodyWriter writer_;
  const std::vector<std::string> lines_;
  const int64_t gap_ns_;
  const std::function<void()> on_success_;
  size_t next_ = 0;
  EventLoop::TimerId timer_ = EventLoop::kNoTimer;
};

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_PULL_H_
