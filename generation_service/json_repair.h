#ifndef GENWATCH_GENERATION_SERVICE_JSON_REPAIR_H_
#define GENWATCH_GENERATION_SERVICE_JSON_REPAIR_H_

#include <string>
#include <string_view>

namespace genwatch {

// Rewrites a JSON text so that a strict parser takes what a lenient one would, and changes nothing
// else: inside strings each \u escape of half a surrogate pair that stands alone becomes \ufffd,
// and each maximal run of bytes that is not UTF-8 becomes U+FFFD; outside of strings an integer of
// more than 18 digits gets a fraction, so that it is read as a floating point number. A text that
// is not JSON stays so. Pure; thread-safe. For the rare line that the strict parser refused.
std::string RepairJson(std::string_view json);

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_JSON_REPAIR_H_
