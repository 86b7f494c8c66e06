#ifndef GENWATCH_GENERATION_SERVICE_HEADER_FILE_H_
#define GENWATCH_GENERATION_SERVICE_HEADER_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace genwatch {

// HTTP headers, "Name: value" one a line; blank lines and lines that start with # mean nothing.
// INVALID_ARGUMENT, naming the line's number but not its text, which may be a secret. Pure.
absl::StatusOr<std::vector<std::string>> ParseHeaders(std::string_view text);

// The same from a file. NOT_FOUND if it can't be read.
absl::StatusOr<std::vector<std::string>> ReadHeaderFile(const std::string& path);

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_HEADER_FILE_H_
