#ifndef GENWATCH_COMMON_STRING_VIEW_H_
#define GENWATCH_COMMON_STRING_VIEW_H_

#include <string_view>

#include "absl/strings/string_view.h"

namespace genwatch {

// Debian builds Abseil with a string_view of its own, which converts neither from nor to
// std::string_view. Interfaces here have std::string_view; these two stand where one meets the
// other, as in absl::StrCat(ToAbsl(name), ": ", 3). Both only refer to the characters.

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

}  // namespace genwatch

#endif  // GENWATCH_COMMON_STRING_VIEW_H_
