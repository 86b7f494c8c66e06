#ifndef GENWATCH_COMMON_UTF8_H_
#define GENWATCH_COMMON_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace genwatch {

// UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF. Pure
// functions; thread-safe.

bool IsValidUtf8(std::string_view text);

// Each maximal invalid part becomes one U+FFFD, as the WHATWG decoder does it.
std::string ReplaceInvalidUtf8(std::string_view text);

// The longest prefix of at most `max_bytes` that ends at a character border. `text` is valid UTF-8.
std::string_view TruncateUtf8(std::string_view text, size_t max_bytes);

}  // namespace genwatch

#endif  // GENWATCH_COMMON_UTF8_H_
