#ifndef GENWATCH_COMMON_THREAD_NAME_H_
#define GENWATCH_COMMON_THREAD_NAME_H_

#include <string>

namespace genwatch {

// Names the calling thread for top, gdb and /proc; the kernel keeps the first 15 characters.
void SetThreadName(const std::string& name);

}  // namespace genwatch

#endif  // GENWATCH_COMMON_THREAD_NAME_H_
