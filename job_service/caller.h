#ifndef GENWATCH_JOB_SERVICE_CALLER_H_
#define GENWATCH_JOB_SERVICE_CALLER_H_

#include <string>

namespace genwatch {

// Who calls.
struct Caller {
  std::string name;
  // May hold models, and cancel jobs of others and change their priority; may not read them.
  bool is_operator = false;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_CALLER_H_
