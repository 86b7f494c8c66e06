#ifndef GENWATCH_JOB_SERVICE_STABLE_HASH_H_
#define GENWATCH_JOB_SERVICE_STABLE_HASH_H_

#include <string>
#include <string_view>

#include "genwatch/v1/job.pb.h"

namespace genwatch {

// 32 hexadecimal digits (two FNV-1a 64 with different bases), the same in each process and release.
// Not for secrets: it tells apart what one caller sends.
std::string StableHash(std::string_view text);

// Of everything in it; maps in the order of their keys.
std::string StableHash(const v1::JobSpec& spec);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_STABLE_HASH_H_
