#ifndef GENWATCH_TESTS_CHAOS_HARNESS_HTTP_GET_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_HTTP_GET_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace genwatch::chaos {

// Requests over one kept connection. Not thread-safe.
class HttpGetter {
 public:
  HttpGetter();
  ~HttpGetter();

  // The body of a 200; UNAVAILABLE for anything else.
  absl::StatusOr<std::string> Get(const std::string& url,
                                  absl::Duration timeout = absl::Seconds(10));

  // The same of a POST without a body.
  absl::StatusOr<std::string> Post(const std::string& url,
                                   absl::Duration timeout = absl::Seconds(10));

  // For a query.
  std::string Escape(std::string_view text);

 private:
  struct Handle;

  absl::StatusOr<std::string> Ask(const std::string& url, absl::Duration timeout);

  std::unique_ptr<Handle> handle_;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_HTTP_GET_H_
