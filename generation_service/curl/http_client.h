#ifndef GENWATCH_GENERATION_SERVICE_CURL_HTTP_CLIENT_H_
#define GENWATCH_GENERATION_SERVICE_CURL_HTTP_CLIENT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "generation_service/event_loop.h"

namespace genwatch {

// GET, or POST where there is a body.
struct HttpRequest {
  std::string url;  // http or https only
  std::optional<std::string> json_body;
  std::vector<std::string> headers;  // "Name: value"; may replace what is sent by itself
  absl::Duration connect_timeout = absl::Seconds(5);
  // Until the first byte of the answer, from the start; servers send headers with the first chunk.
  absl::Duration first_byte_timeout = absl::InfiniteDuration();
  // Between two bytes of the answer.
  absl::Duration silence_timeout = absl::InfiniteDuration();
  // Of the whole.
  absl::Duration running_timeout = absl::InfiniteDuration();
};

// How a conversation ended.
struct HttpEnd {
  enum class Error {
    kNone,       // the whole body was read
    kResolve,    // no address for the name
    kConnect,    // refused, unreachable, or no connection in time
    kTls,        // no secure connection
    kReset,      // the connection broke, or was closed without an answer
    kTruncated,  // closed before the end that the headers or the chunks announced
    kBadEncoding,
    kFirstByteTimeout,
    kSilenceTimeout,
    kRunningTimeout,
    kOther,
  };
  Error error = Error::kNone;
  std::string text;             // of the library; empty for kNone and timeouts of ours
  int status = 0;               // HTTP; 0 if none was read
  absl::Duration retry_after;   // of the header Retry-After; zero: none
  bool answer_started = false;  // a byte of the answer was read
};

// Called on the loop's thread, never inside Start. Each may destroy the transfer.
struct HttpCallbacks {
  std::function<void(int status, std::string_view bytes)> on_body;
  std::function<void(const HttpEnd& end)> on_end;  // last
};

// A conversation in progress. Destroyed: the connection is closed at once and nothing is called any
// more. Destroyed after on_end: no effect, the connection may be used again.
class HttpTransfer {
 public:
  virtual ~HttpTransfer() = default;
};

// HTTP/1.1 on libcurl's multi interface in an EventLoop: no redirects, no Expect, no limit of time
// but those of the request; asks for the identity encoding, but decodes others; connections are
// kept alive and reused; TLS certificates are verified; proxies are taken from the environment,
// except for loopback hosts. All on the loop's thread, construction and destruction included;
// a transfer that
// outlives it is as good as ended.
class HttpClient {
 public:
  explicit HttpClient(EventLoop* loop);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  std::unique_ptr<HttpTransfer> Start(HttpRequest request, HttpCallbacks callbacks);

 private:
  class Impl;
  class Handle;
  const std::shared_ptr<Impl> impl_;  // handles that outlive it know by weak pointers
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_CURL_HTTP_CLIENT_H_
