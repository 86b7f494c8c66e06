#ifndef GENWATCH_TESTS_OLLAMA_SIM_HTTP_REQUEST_H_
#define GENWATCH_TESTS_OLLAMA_SIM_HTTP_REQUEST_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace genwatch::ollama_sim {

struct HttpRequest {
  std::string method;
  std::string path;                            // without the query, decoded
  std::map<std::string, std::string> query;    // decoded; of equal keys the last
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool http11 = true;
  bool keep_alive = true;

  std::string Header(const std::string& lower_case_name) const;
  std::string Query(const std::string& key) const;
};

// Reads requests from the bytes of one connection, however they are cut.
class HttpRequestParser {
 public:
  enum class Result {
    kNeedMore,
    kRequest,   // request() is complete; the bytes behind it are kept for the next one
    kContinue,  // the client waits for "100 Continue" before it sends the body
    kBad,       // not HTTP, or over a limit: answer 400 and close
  };

  void Append(std::string_view bytes) { buffer_.append(bytes); }
  Result Next();
  HttpRequest TakeRequest();
  size_t buffered() const { return buffer_.size(); }

 private:
  enum class State { kHead, kLengthBody, kChunkedBody };

  Result ReadHead();
  Result ReadLengthBody();
  Result ReadChunkedBody();
  bool ParseHead(std::string_view head);
  Result Complete();

  std::string buffer_;
  State state_ = State::kHead;
  size_t body_length_ = 0;
  HttpRequest request_;
};

// Decodes %XX (and + as space, if `plus`).
std::string PercentDecoded(std::string_view text, bool plus);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_HTTP_REQUEST_H_
