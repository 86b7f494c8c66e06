#ifndef GENWATCH_TESTS_CHAOS_HARNESS_HTTP_GET_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_HTTP_GET_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace genwatch::chaos {

// GETs over one kept connection. Not thread-safe.
class HttpGetter {
 public:
  HttpGetter();
  ~HttpGetter();

  // The body of a 200; UNAVAILABLE for anything else.
  absl::StatusOr<std::string> Get(const std::string& url,
                                  absl::Duration timeout = absl::Seconds(10));

  // For a query.
  std::string Escape(std::string_view text);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_HTTP_GET_H_
