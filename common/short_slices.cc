#include "common/short_slices.h"

#include <linux/sched/types.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace genwatch {
namespace {

// The shortest that the kernel takes.
constexpr uint64_t kSliceNanos = 100'000;

}  // namespace

bool AskForShortSlices() {
  constexpr pid_t kCaller = 0;
  sched_attr attributes = {};
  // Read first: nice and policy stay what they are.
  if (syscall(SYS_sched_getattr, kCaller, &attributes, sizeof(attributes), 0) != 0) return false;
  // Of threads that are not real-time. Older kernels ignore it, or tell nothing of it afterwards.
  attributes.sched_runtime = kSliceNanos;
  if (syscall(SYS_sched_setattr, kCaller, &attributes, 0) != 0) return false;
  sched_attr set = {};
  return syscall(SYS_sched_getattr, kCaller, &set, sizeof(set), 0) == 0 &&
         set.sched_runtime == kSliceNanos;
}

}  // namespace genwatch
