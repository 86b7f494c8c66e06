#ifndef GENWATCH_GENERATION_SERVICE_CURL_TRANSFER_H_
#define GENWATCH_GENERATION_SERVICE_CURL_TRANSFER_H_

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "generation_service/curl/handles.h"
#include "generation_service/curl/http_client.h"
#include "generation_service/event_loop.h"

namespace genwatch {

// One easy handle with its request, and what was read so far. It knows no multi handle: whoever
// drives it adds and removes `easy()`. Libcurl's callbacks hold `this`, so it is neither copied nor
// moved, and must not be destroyed inside of a callback or while it is added. Of the loop's thread.
class CurlTransfer {
 public:
  CurlTransfer(HttpRequest request, HttpCallbacks callbacks, absl::Duration now,
               const EventLoop* loop);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  static CurlTransfer* Of(CURL* easy);

  CURL* easy() { return easy_.get(); }

  // Nothing is called from now on; libcurl is told to stop at its next callback.
  void Detach() { detached_ = true; }
  bool detached() const { return detached_; }
  // As Detach, and frees the callbacks with all that they hold. Not inside of one.
  void DropCallbacks();

  // When the next of the request's limits would be exceeded; InfiniteDuration if it has none.
  absl::Duration NextLimit() const;
  absl::Duration silence_timeout() const { return request_.silence_timeout; }
  // kNone if no limit is exceeded at `now`.
  HttpEnd::Error ExceededLimit(absl::Duration now) const;

  HttpEnd EndOf(CURLcode code) const;
  HttpEnd EndOf(HttpEnd::Error limit) const;
  void CallOnEnd(const HttpEnd& end);

 private:
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static size_t OnBody(char* data, size_t size, size_t count, void* self);
  void Configure();
  void NoteBytes();
  int Status() const;

  const HttpRequest request_;
  HttpCallbacks callbacks_;
  const EventLoop* const loop_;
  const absl::Duration start_;
  absl::Duration last_byte_;
  bool answer_started_ = false;
  bool detached_ = false;
  std::array<char, CURL_ERROR_SIZE> error_text_ = {};
  CurlHeaders headers_;
  CurlEasy easy_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_CURL_TRANSFER_H_
