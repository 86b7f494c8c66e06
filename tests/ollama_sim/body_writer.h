#ifndef GENWATCH_TESTS_OLLAMA_SIM_BODY_WRITER_H_
#define GENWATCH_TESTS_OLLAMA_SIM_BODY_WRITER_H_

#include <memory>
#include <string>
#include <string_view>

#include "tests/ollama_sim/connection.h"
#include "tests/ollama_sim/directive.h"

namespace genwatch::ollama_sim {

// The head of an answer, as Go's server orders it. `extra_header` is one more, "Name: value\r\n".
std::string ResponseHead(int status, std::string_view content_type,
                         std::string_view framing_headers, std::string_view extra_header = {},
                         bool http11 = true);

// Sends a complete answer with Content-Length, and finishes it.
void SendWhole(Connection* connection, const HttpRequest& request, int status,
               std::string_view content_type, std::string_view body,
               std::string_view extra_header = {});

// Writes the body of one streamed answer as the directive wants it framed, encoded and cut into
// segments. The head goes out with the first line, as Ollama does it.
class BodyWriter {
 public:
  BodyWriter(Connection* connection, const Directive& directive, bool keep_alive);
  ~BodyWriter();

  // One flush of a real server: one HTTP chunk, and, unless they are joined, one send.
  void Line(std::string_view bytes);
  // The end of the body, well formed, and what is to happen to the connection then.
  void End();
  // Sends what is joined or held back, so that a fault finds it written. A body with Content-Length
  // can't be: nothing of it was ever sent.
  void FlushJoined();
  // Half a chunk: its size line (or Content-Length) announces all of `bytes`, the first half is
  // written.
  void HalfChunk(std::string_view bytes);

  bool started() const { return started_; }

 private:
  struct Compressor;

  void Start();
  void StartWithLength(size_t body_length);
  std::string Encoded(std::string_view bytes, bool last);
  std::string Framed(std::string_view bytes) const;

  Connection* const connection_;
  const Framing framing_;
  const AfterAnswer after_answer_;
  const bool keep_alive_;
  const int join_;
  std::string content_type_;
  std::string extra_header_;
  std::unique_ptr<Compressor> compressor_;  // null: identity
  bool started_ = false;
  int joined_lines_ = 0;
  std::string pending_;
};

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_BODY_WRITER_H_
