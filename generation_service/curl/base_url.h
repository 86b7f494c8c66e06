#ifndef GENWATCH_GENERATION_SERVICE_CURL_BASE_URL_H_
#define GENWATCH_GENERATION_SERVICE_CURL_BASE_URL_H_

#include <string>

#include "absl/status/statusor.h"

namespace genwatch {

// A base URL in the form in which two workers that name the same server agree: scheme and host in
// lower case, the scheme's own port left out, no slash at the end. Without a scheme it is http.
// INVALID_ARGUMENT, without quoting the URL, for what is not http or https, or has credentials (a
// flag is no place for them), a query or a fragment. Pure; thread-safe.
absl::StatusOr<std::string> NormalizedBaseUrl(const std::string& url);

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_CURL_BASE_URL_H_
